# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Pass the newest item from the pipeline's thread to any number of browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class Feed(Generic[Item]):
    """A broadcast of the newest item; a slow follower skips items.

    ``publish``, ``clear`` and ``close`` never block and may be called on any thread; all followers
    belong to one event loop.
    """

    def __init__(self) -> None:
        """Start empty and open."""
        self._lock = threading.Lock()
        self._item: Item | None = None
        self._number = 0
        self._closed = False
        self._waking = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._followers: set[asyncio.Event] = set()

    @property
    def watched(self) -> bool:
        """Whether there is a follower."""
        return bool(self._followers)

    def publish(self, item: Item) -> None:
        """Replace the newest item."""
        with self._lock:
            if self._closed:
                return
            self._item = item
            self._number += 1
            self._schedule_wake()

    def clear(self) -> None:
        """Drop the newest item."""
        with self._lock:
            self._item = None

    def close(self) -> None:
        """End all followers."""
        with self._lock:
            self._closed = True
            self._schedule_wake()

    def _schedule_wake(self) -> None:
        # At most one pending call in the loop, at any rate of items
        if self._followers and self._loop is not None and not self._waking:
            self._waking = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        with self._lock:
            self._waking = False
            for follower in self._followers:
                follower.set()

    async def follow(self, patience: float) -> AsyncIterator[Item | None]:
        """Yield the newest item and each newer one; None after ``patience`` seconds without one.

        The generator ends when the feed is closed.
        """
        event, seen = asyncio.Event(), 0
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._followers.add(event)
        try:
            while not self._closed:
                event.clear()
                with self._lock:
                    item, number = self._item, self._number
                if number != seen and item is not None:
                    seen = number
                    yield item
                    continue
                try:
                    await asyncio.wait_for(event.wait(), patience)
                except asyncio.TimeoutError:
                    yield None
        finally:
            with self._lock:
                self._followers.discard(event)
