# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Limit the rate of events."""

from __future__ import annotations

from collections.abc import Callable
import time


class RateLimiter:
    """Decides which events pass, so that a maximum rate is kept."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start without events; ``now`` returns monotonic seconds."""
        self._now = now
        self._due = 0.0

    def passes(self, rate: float) -> bool:
        """Return whether an event now keeps to ``rate``, events per second; 0: no limit."""
        now = self._now()
        if rate <= 0:
            return True
        # At most one period ahead: the rate may have been lower before.
        self._due = min(self._due, now + 1 / rate)
        if now < self._due:
            return False
        # One period after the due time, so that a slightly late event does not delay the next.
        self._due = max(self._due, now - 0.5 / rate) + 1 / rate
        return True
