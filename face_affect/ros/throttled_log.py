# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Log messages about external input: escaped and throttled."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

from rclpy.impl.rcutils_logger import RcutilsLogger

from face_affect.core.text import printable

PERIOD = 30.0  # minimum seconds between two lines of a kind


class ThrottledLog:
    """Logs at most one line of a kind per ``PERIOD``, with the number suppressed. Thread-safe.

    Kinds are fixed words, never text from outside, since each one is kept in memory.
    """

    def __init__(self, logger: RcutilsLogger, now: Callable[[], float] = time.monotonic) -> None:
        """Write to ``logger``; ``now`` returns monotonic seconds."""
        self._logger = logger
        self._now = now
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warning(self, kind: str, text: object) -> None:
        """Log a warning of ``kind``, if one is due."""
        line = self._line(kind, text)
        if line:
            self._logger.warning(line)

    def error(self, kind: str, text: object) -> None:
        """Log an error of ``kind``, if one is due."""
        line = self._line(kind, text)
        if line:
            self._logger.error(line)

    def _line(self, kind: str, text: object) -> str:
        """Return the line to log, or '' if it is suppressed."""
        now = self._now()
        with self._lock:
            if now < self._due.get(kind, now):
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return ''
            self._due[kind] = now + PERIOD
            left_out = self._left_out.pop(kind, 0)
        return printable(text) + (f' (and {left_out} more of this kind)' if left_out else '')
