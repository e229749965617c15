# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Entry points of the ROS programs; they import ROS after signal handlers are installed."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from face_affect.core.text import printable
from face_affect.ros.shared_memory import survive_full_memory, use_udp_where_full
from face_affect.signals import ended_within, EXIT_FAILED, StopSignal

END_TIME = 4.5  # maximum seconds from a signal to the end of the process


def start(name: str, module: str, *arguments: Any) -> int:
    """Call ``main`` of a module; return its exit code, 1 if the module cannot be imported.

    Args:
        name: prefix of lines on stderr.
        module: with the program's ``main``, which takes a StopSignal and ``arguments``.
        arguments: passed to ``main``.

    """
    with StopSignal(interruptible=False) as stopped, ended_within(END_TIME, name):
        warning = use_udp_where_full(os.environ)
        if warning:
            print(f'{name}: {warning}', file=sys.stderr, flush=True)
        survive_full_memory()
        try:
            program = importlib.import_module(module)
        except ImportError as error:
            print(
                f'{name}: cannot start: {printable(error)}; {_advice(error.name or "")}',
                file=sys.stderr,
            )
            return EXIT_FAILED
        return int(program.main(stopped, *arguments))


def _advice(module: str) -> str:
    package = module.partition('.')[0]
    if package.startswith('rcl') or package.endswith(('_msgs', '_srvs', '_interfaces')):
        return (
            'ROS 2 and face_affect_msgs are required, and pip installs neither: source the '
            'workspace that face_affect was built in, or run `. ./env.sh` in its source folder'
        )
    return f'install it: pip install {package}'


def face_affect_node() -> int:
    """Run the node; return the exit code."""
    return start('face_affect_node', 'face_affect.ros.node')


def camera_node() -> int:
    """Run the camera; return the exit code."""
    return start('camera_node', 'face_affect.ros.camera')


def live_view() -> int:
    """Run the live view; return the exit code."""
    return start('live_view', 'face_affect.ros.live_view')


def ros4hri_bridge() -> int:
    """Run the ROS4HRI bridge; return the exit code."""
    return start('ros4hri_bridge', 'face_affect.ros.ros4hri_bridge')
