# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Log lines about what comes from outside: escaped, and few of each kind."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

from rclpy.impl.rcutils_logger import RcutilsLogger

from face_affect.core.text import printable

PERIOD = 30.0  # seconds between two lines of a kind


class ThrottledLog:
    """Logs one line of a kind in ``PERIOD``, and how many it left out. Thread-safe.

    A kind is a word of this program's, never text from outside: each one is remembered.
    """

    def __init__(self, logger: RcutilsLogger, now: Callable[[], float] = time.monotonic) -> None:
        """Write to ``logger``; ``now`` is the time in seconds."""
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
        """Return the line to log, or '' where it must wait."""
        now = self._now()
        with self._lock:
            if now < self._due.get(kind, now):
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return ''
            self._due[kind] = now + PERIOD
            left_out = self._left_out.pop(kind, 0)
        return printable(text) + (f' (and {left_out} more of this kind)' if left_out else '')
