# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""SIGINT and SIGTERM as a wish to finish."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, ClassVar, Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Event(Protocol):
    """What threads and processes have for such a wish."""

    def is_set(self) -> bool:
        """Tell whether it was made."""


class StopSignal:
    """True once a signal has come; a second SIGINT ends the program. A context manager.

    In other threads than the main one, as on a cluster, Python hears no signals.
    ``elsewhere``, if set, is another process's wish.
    """

    elsewhere: ClassVar[Event | None] = None

    def __init__(self) -> None:
        """Do not listen yet."""
        self._stopped = False
        self._before: dict[signal.Signals, Any] = {}

    def __bool__(self) -> bool:
        """Tell whether to stop."""
        return self._stopped or (self.elsewhere is not None and self.elsewhere.is_set())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopped and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._stopped = True

    def __enter__(self) -> StopSignal:
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            self._before = {
                number: signal.signal(number, self._on_signal)
                for number in SIGNALS
                if signal.getsignal(number) != signal.SIG_IGN
            }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the signals to who had them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


def follow(event: Event) -> None:
    """Stop in this process when ``event`` is set, and not for Ctrl-C, which reaches all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    StopSignal.elsewhere = event
