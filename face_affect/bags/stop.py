"""SIGINT and SIGTERM as a wish to finish."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Optional

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """True once a signal has come; a second one ends the program. A context manager.

    In other threads than the main one, as on a cluster, Python hears no signals.
    """

    def __init__(self) -> None:
        """Do not listen yet."""
        self._stopped = False
        self._before: dict[signal.Signals, Any] = {}

    def __bool__(self) -> bool:
        """Tell whether to stop."""
        return self._stopped

    def _on_signal(self, number: int, frame: Optional[FrameType]) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._stopped = True

    def __enter__(self) -> StopSignal:
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS
                            if signal.getsignal(number) != signal.SIG_IGN}
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        """Leave the signals to who had them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
