# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Decide when to warn that no message arrives."""

from __future__ import annotations

from collections.abc import Callable
import time

FIRST_WARNING = 5.0  # seconds without an image
NEXT_WARNING = 30.0  # seconds between two warnings


class Silence:
    """Decides from a message count, polled periodically, when a warning is due."""

    def __init__(self, count: int, now: Callable[[], float] = time.monotonic) -> None:
        """Start at ``count`` messages; ``now`` returns monotonic seconds."""
        self._now = now
        self._count = count
        self._since = now()
        self._due = self._since + FIRST_WARNING

    def due(self, count: int) -> float | None:
        """Return the seconds without a message if a warning is due, else None.

        ``count``: messages so far.
        """
        now = self._now()
        if count != self._count:
            self._count, self._since, self._due = count, now, now + FIRST_WARNING
        if now < self._due:
            return None
        self._due = now + NEXT_WARNING
        return now - self._since
