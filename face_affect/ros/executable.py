# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What every ROS program shares: start, a guarded spin, and an ordered end.

=====  =======================================================================================
step   what happens
=====  =======================================================================================
start  log folder, rclpy.init without signal handlers, the node; a failure is one line, exit 1
run    ``serve`` of the program, on the main thread, until it returns or a signal has come
end    threads stop, goals get their answers, then node and context are destroyed
=====  =======================================================================================

rclpy's own signal handlers end the context under threads that are just publishing: they are
not installed. A signal sets a StopSignal, and all that uses ROS ends before the context does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
import os
from pathlib import Path
import re
import sys
import time
from typing import cast, Protocol, TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from face_affect.core.text import printable
from face_affect.ros.guarded_executor import Faults, guard_services, GuardedExecutor
from face_affect.signals import EXIT_FAILED, StopSignal

SIGNAL_CHECK = 0.1  # seconds at most until a signal is noticed
# The place in its source that rcl names
SOURCE_PLACE = re.compile(r',? at /\S+:\d+')


class ProgramNode(Protocol):
    """A node of a program; it keeps what its callbacks raise."""

    faults: Faults

    def destroy_node(self) -> None:
        """Release everything."""


AnyNode = TypeVar('AnyNode', bound=ProgramNode)


class Executable:
    """A running program: its node, served by a guarded executor until a signal comes.

    All methods are for the main thread.
    """

    def __init__(self, node: ProgramNode, stopped: StopSignal) -> None:
        """Serve ``node`` until ``stopped``."""
        self.stopped = stopped
        served = cast(Node, node)
        guard_services(served, node.faults)
        self._executor = GuardedExecutor(node.faults)
        self._executor.add_node(served)

    def spin(self) -> None:
        """Serve until a signal comes."""
        self.spin_until(math.inf)

    def spin_until(self, end: float, done: Callable[[], bool] = lambda: False) -> None:
        """Serve until ``time.monotonic()`` is ``end``, ``done`` holds or a signal comes.

        One callback that is ready is run in any case.
        """
        self._executor.spin_once(0)
        while not (self.stopped or done()) and (left := end - time.monotonic()) > 0:
            self._executor.spin_once(min(left, SIGNAL_CHECK))

    def finish(self, seconds: float, done: Callable[[], bool]) -> None:
        """Serve until ``done`` holds, so many seconds at most, whatever signals come."""
        end = time.monotonic() + seconds
        while not done() and (left := end - time.monotonic()) > 0:
            self._executor.spin_once(min(left, SIGNAL_CHECK))

    def close(self) -> None:
        """Serve no more."""
        self._executor.shutdown(0)


def run(
    name: str,
    create: Callable[[], AnyNode],
    serve: Callable[[AnyNode, Executable], int],
    stopped: StopSignal,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a program; return its exit code, 1 where it cannot start.

    Args:
        name: begins the lines on stderr.
        create: makes the node.
        serve: does the work, ends when the executable is ``stopped``, returns the exit code.
        stopped: the stop request, listening already.
        arguments: ROS arguments; None: those of the command line.

    """
    try:
        initialise(name, sys.argv if arguments is None else arguments)
        node = create()
        executable = Executable(node, stopped)
    except Exception as error:
        print(f'{name}: cannot start: {reason_of(error)}', file=sys.stderr)
        rclpy.try_shutdown()
        return EXIT_FAILED
    try:
        return serve(node, executable)
    except ExternalShutdownException:
        return 0
    finally:
        executable.close()
        node.destroy_node()
        rclpy.try_shutdown()


def reason_of(error: Exception) -> str:
    """Return what a failed start says, on one line, without places in rcl's source."""
    text = SOURCE_PLACE.sub('', str(error))
    # Such as ['--unknown'] or 'key'
    return printable(text if ' ' in text else f'{type(error).__name__}: {text}')


def initialise(name: str, arguments: Sequence[str]) -> None:
    """Start ROS; where log files cannot be written, without them.

    Raises:
        RuntimeError: rcl refuses the arguments.

    """
    words = list(arguments)
    reason = log_folder_problem()
    if reason:
        # rclpy.init would fail, and leave behind what crashes the process later.
        print(f'{name}: no log file is written: {reason}', file=sys.stderr)
        words += ['--ros-args', '--disable-external-lib-logs']
    # What it says to wrong arguments comes as the exception's text, too.
    set_logger_level('rcl', LoggingSeverity.FATAL)
    # rclpy's own handlers shut the context down at once, under threads that are just publishing.
    rclpy.init(args=words, signal_handler_options=SignalHandlerOptions.NO)
    set_logger_level('rcl', LoggingSeverity.UNSET)


def log_folder_problem() -> str:
    """Create the folder of ROS's log files, by the rules of rcl_logging; return why not, or ''."""
    folder = os.environ.get('ROS_LOG_DIR') or f'{os.environ.get("ROS_HOME") or "~/.ros"}/log'
    if folder.startswith('~'):
        # Unlike Python, rcl does not ask the password database.
        home = os.environ.get('HOME')
        if not home:
            return f'{folder} is in the home directory, but HOME is not set'
        folder = home + folder.removeprefix('~')
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return str(error)
    return '' if os.access(folder, os.W_OK | os.X_OK) else f'{folder} is not writable'
