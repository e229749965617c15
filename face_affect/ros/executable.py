# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Run a ROS program: start, a guarded spin, and an ordered shutdown.

========  ====================================================================================
step      actions
========  ====================================================================================
start     log folder, rclpy.init without signal handlers, the node; on failure one line, exit 1
run       ``serve`` of the program, on the main thread, until it returns or a signal comes
shutdown  threads stop, goals are answered, then node and context are destroyed
========  ====================================================================================

The signal handlers of rclpy are not installed: they shut the context down while other threads
publish, which crashes. A signal sets a StopSignal instead, and everything that uses ROS stops
before the context is shut down.
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

SIGNAL_CHECK = 0.1  # maximum seconds until a signal is noticed
# Source file and line in an error message of rcl
SOURCE_LINE = re.compile(r',? at /\S+:\d+')


class ProgramNode(Protocol):
    """The node of a program; ``faults`` counts the exceptions of its callbacks."""

    faults: Faults

    def destroy_node(self) -> None:
        """Release all resources."""


AnyNode = TypeVar('AnyNode', bound=ProgramNode)


class Executable:
    """A running program: its node in a guarded executor, spun until a signal comes.

    All methods must be called on the main thread.
    """

    def __init__(self, node: ProgramNode, stopped: StopSignal) -> None:
        """Add ``node`` to an executor; ``stopped`` ends each spin."""
        self.stopped = stopped
        served = cast(Node, node)
        guard_services(served, node.faults)
        self._executor = GuardedExecutor(node.faults)
        self._executor.add_node(served)

    def spin(self) -> None:
        """Spin until a signal comes."""
        self.spin_until(math.inf)

    def spin_until(self, end: float, done: Callable[[], bool] = lambda: False) -> None:
        """Spin until ``time.monotonic()`` reaches ``end``, ``done`` is true or a signal comes.

        At least one ready callback is run.
        """
        self._executor.spin_once(0)
        while not (self.stopped or done()) and (left := end - time.monotonic()) > 0:
            self._executor.spin_once(min(left, SIGNAL_CHECK))

    def finish(self, seconds: float, done: Callable[[], bool]) -> None:
        """Spin until ``done`` is true, for at most ``seconds``, regardless of signals."""
        end = time.monotonic() + seconds
        while not done() and (left := end - time.monotonic()) > 0:
            self._executor.spin_once(min(left, SIGNAL_CHECK))

    def close(self) -> None:
        """Shut the executor down."""
        self._executor.shutdown(0)


def run(
    name: str,
    create: Callable[[], AnyNode],
    serve: Callable[[AnyNode, Executable], int],
    stopped: StopSignal,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a program; return its exit code, 1 if it cannot start.

    Args:
        name: prefix of lines on stderr.
        create: returns the node.
        serve: runs the program until the executable is ``stopped``, and returns the exit code.
        stopped: set by signals; its handlers are installed already.
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
    """Return the reason of a failed start on one line, without file names of rcl's source."""
    text = SOURCE_LINE.sub('', str(error))
    # A text such as ['--unknown'] or 'key' needs the type of the exception.
    return printable(text if ' ' in text else f'{type(error).__name__}: {text}')


def initialise(name: str, arguments: Sequence[str]) -> None:
    """Initialise rclpy; without log files if they cannot be written.

    Raises:
        RuntimeError: rcl refuses the arguments.

    """
    words = list(arguments)
    reason = log_folder_problem()
    if reason:
        # rclpy.init would fail and leave a state that crashes the process later.
        print(f'{name}: no log file is written: {reason}', file=sys.stderr)
        words += ['--ros-args', '--disable-external-lib-logs']
    # Errors in arguments are reported once, by the exception.
    set_logger_level('rcl', LoggingSeverity.FATAL)
    rclpy.init(args=words, signal_handler_options=SignalHandlerOptions.NO)
    set_logger_level('rcl', LoggingSeverity.UNSET)


def log_folder_problem() -> str:
    """Create the folder of log files, by the rules of rcl_logging; return why it failed, or ''."""
    folder = os.environ.get('ROS_LOG_DIR') or f'{os.environ.get("ROS_HOME") or "~/.ros"}/log'
    if folder.startswith('~'):
        # Unlike Path.expanduser, rcl does not read the password database.
        home = os.environ.get('HOME')
        if not home:
            return f'{folder} is in the home directory, but HOME is not set'
        folder = home + folder.removeprefix('~')
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return str(error)
    return '' if os.access(folder, os.W_OK | os.X_OK) else f'{folder} is not writable'
