# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Keeping to a rate."""

from __future__ import annotations

from collections.abc import Callable
import time


class RateLimiter:
    """Lets events through, so many a second at most."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Use ``now``, seconds that never go back."""
        self._now = now
        self._due = 0.0

    def passes(self, rate: float) -> bool:
        """Return whether an event now keeps to ``rate`` a second; 0: always."""
        now = self._now()
        if rate <= 0:
            return True
        # Never further ahead than a period: the rate may have been slower before.
        self._due = min(self._due, now + 1 / rate)
        if now < self._due:
            return False
        # From due time to due time, so that an event a little late does not delay the next.
        self._due = max(self._due, now - 0.5 / rate) + 1 / rate
        return True
