# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Handling of SIGINT, SIGTERM and SIGHUP: as an exception, or as a stop request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, NoReturn, Protocol

TICK = 0.1  # seconds between checks for a signal
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_FAILED = 1

Handler = Callable[[int, FrameType | None], Any]


class Interrupted(KeyboardInterrupt):
    """A signal ends the program; ``exit_code`` is that of shells, 128 + number."""

    def __init__(self, number: int) -> None:
        """Set the exit code for signal ``number``."""
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    """Handle the signals in the main thread, unless the parent process ignores them."""
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {
            number: signal.signal(number, handler)
            for number in SIGNALS
            # Programs started by nohup ignore SIGHUP.
            if signal.getsignal(number) != signal.SIG_IGN
        }
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


@contextmanager
def raised() -> Iterator[None]:
    """Raise Interrupted at a signal, so that context managers remove temporary files."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise Interrupted(number)

    with _handled(interrupt):
        yield


class Stop(Protocol):
    """A stop request, true once it is made."""

    def __bool__(self) -> bool:
        """Return whether to stop."""


class StopSignal:
    """A stop request by signal, as a context manager: true after the first signal.

    The program should then finish and return ``exit_code``. A second SIGINT raises Interrupted,
    if ``interruptible``. Outside the main thread, where Python delivers no signals, it is never
    true.
    """

    def __init__(self, interruptible: bool = True) -> None:
        """Create the request; the context manager installs the handlers."""
        self._interruptible = interruptible
        self.exit_code = 0

    def __bool__(self) -> bool:
        """Return whether to stop."""
        return self.exit_code != 0

    def wait(self, seconds: float) -> bool:
        """Wait for a stop request, at most ``seconds``; return whether to stop."""
        end = time.monotonic() + seconds
        while not self and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, TICK))
        return bool(self)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self and self._interruptible and number == signal.SIGINT:
            raise Interrupted(number)
        self.exit_code = 128 + number

    def __enter__(self) -> StopSignal:
        """Install the signal handlers."""
        self._handling = _handled(self._on_signal)
        self._handling.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Restore the previous signal handlers."""
        self._handling.__exit__(*exception)


@contextmanager
def ended_within(seconds: float, name: str) -> Iterator[None]:
    """End the process if the block has not ended ``seconds`` after a handled signal.

    A separate thread waits for the signal, since a main thread that is blocked in a library runs
    no handlers. It ends the process with exit code 1 and a line with ``name`` on stderr. Must be
    called in the main thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    left = threading.Event()

    def watch() -> None:
        signalled = os.read(reader, 1)
        if signalled and not left.wait(seconds):
            print(f'{name}: still busy {seconds:g} s after a signal: killed', file=sys.stderr)
            sys.stderr.flush()
            os._exit(EXIT_FAILED)
        os.close(reader)

    threading.Thread(target=watch, name='signal_watch', daemon=True).start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        os.close(writer)  # End of file ends the thread if there was no signal.
