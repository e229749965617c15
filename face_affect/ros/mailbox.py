# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A mailbox of one item between two threads; the newest item wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class Mailbox(Generic[Item]):
    """A slot that passes the newest item from one thread to another. Thread-safe."""

    def __init__(self) -> None:
        """Start empty and open."""
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._closed = False

    def put(self, item: Item) -> bool:
        """Store ``item``; return True if an unread item was replaced."""
        with self._condition:
            replaced = self._item is not None
            self._item = item
            self._condition.notify()
            return replaced

    def take(self) -> Item | None:
        """Wait for an item and remove it; return None once the mailbox is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
            return None if self._closed else item

    def close(self) -> bool:
        """Close the mailbox and wake all waiters; return True if an unread item was discarded."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
            return self._item is not None
