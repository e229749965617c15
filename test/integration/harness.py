"""
What the tests over DDS share: processes that always end, a ROS client, the demo bag.

Nothing here sleeps: every wait is for an event, and has a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
import functools
import itertools
import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import time
from typing import Any, IO, Optional

import cv2
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores
from sensor_msgs.msg import CompressedImage, RegionOfInterest

ROOT = Path(__file__).resolve().parents[2]
BAG = ROOT / 'demo' / 'bag'
TOPIC = '/camera/image_raw/compressed'
# Generous, for a busy machine: nothing takes that long unless it hangs.
DEADLINE = 30.0
# More than the second between two messages on /diagnostics
QUIET = 0.3

_domains = itertools.count(os.getpid())


def free_domain() -> int:
    """Return a ROS domain in which nobody on this machine is."""
    for number in itertools.islice(_domains, 100):
        domain = 1 + number % 100
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            # The first participant's port, by the rules of DDSI-RTPS
            probe.bind(('', 7410 + 250 * domain))
            return domain
    raise RuntimeError('no ROS domain is free')


class Process:
    """A process under test; what it writes is kept."""

    def __init__(self, arguments: list[str], log: Path, environment: dict[str, str]) -> None:
        self._log = log
        with log.open('w') as stream:
            self._process = subprocess.Popen(
                arguments, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, **environment})

    @property
    def output(self) -> str:
        return self._log.read_text(errors='replace')

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float = DEADLINE) -> int:
        """Return the exit code."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'still running after {timeout} s:\n{self.output}') from None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Robot:
    """The processes of one ROS domain, and a client among them."""

    def __init__(self, folder: Path) -> None:
        self.domain = free_domain()
        self._folder = folder
        self._processes: list[Process] = []
        self._context = Context()
        rclpy.init(context=self._context, domain_id=self.domain)
        self.node: Node = rclpy.create_node('client', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._reports: list[dict[str, str]] = []
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._take_report, 10)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    # Processes

    def start(self, *arguments: str) -> Process:
        log = self._folder / f'{len(self._processes)}_{Path(arguments[0]).name}.txt'
        process = Process(list(arguments), log, {'ROS_DOMAIN_ID': str(self.domain),
                                                 'ROS_LOG_DIR': str(self._folder)})
        self._processes.append(process)
        return process

    def start_node(self, *remaps: str, **parameters: Any) -> Process:
        words = [f'{name}:={json.dumps(value)}' for name, value in parameters.items()]
        options = [option for word in words for option in ('-p', word)]
        options += [option for remap in remaps for option in ('-r', remap)]
        return self.start('face_affect_node', '--ros-args', *options)

    def play(self, *arguments: str) -> Process:
        return self.start('face-affect', 'play', *arguments)

    # Events

    def spin_until(self, condition: Callable[[], object], what: str,
                   timeout: float = DEADLINE) -> None:
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f'{what}: not within {timeout} s'
            self._executor.spin_once(timeout_sec=0.05)
