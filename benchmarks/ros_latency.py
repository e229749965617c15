# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Latency from camera to result over ROS, with camera, node and listener as processes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
import math
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from face_affect_msgs.msg import FaceAffectArray
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage

from benchmarks.machine import running
from benchmarks.scenes import crowd
from face_affect.core.stamps import to_seconds
from support.footprint import Footprint

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / 'config' / 'fastdds_shm.xml'
PROFILE_VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
PATIENCE = 30.0  # seconds to wait for results and reports
# The latency of the first frames includes discovery and cold caches.
SKIPPED = 10


@dataclass(frozen=True)
class Case:
    """A configuration of camera and subscribers.

    ``width``, ``height`` pixels; ``rate`` Hz; ``profile``: whether the processes use the
    shared-memory profile; ``faces`` in the image; ``debug``: whether the debug image is
    subscribed.
    """

    width: int = 640
    height: int = 480
    rate: float = 30.0
    transport: str = 'raw'
    profile: bool = True
    faces: int = 1
    debug: bool = False

    @property
    def name(self) -> str:
        """The title of the case in tables."""
        words = [
            f'{self.width}x{self.height}',
            f'{self.rate:g} Hz',
            'JPEG' if self.transport == 'compressed' else 'raw',
        ]
        words += [] if self.profile else ['without profile']
        words += [f'{self.faces} face' + 's' * (self.faces != 1)]
        words += ['debug image'] if self.debug else []
        return ', '.join(words)


@dataclass
class LatencyResult:
    """The results of a case.

    ``latencies`` seconds from stamp to arrival of the result; ``sent`` frames of the camera,
    ``received`` and ``processed`` of the node; ``cpu`` CPU seconds of the node per second;
    ``memory`` bytes; ``first`` seconds from the start of the node to its first result.
    """

    case: Case
    latencies: list[float] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    processed: int = 0
    cpu: float = 0.0
    memory: int = 0
    first: float = 0.0

    @property
    def lost(self) -> int:
        """The number of frames that the node did not receive."""
        return self.sent - self.received


def standard_cases() -> list[Case]:
    """Return the cases of ``make bench``."""
    base = Case()
    cases = [
        replace(base, width=width, height=height, rate=rate, transport=transport, profile=profile)
        for width, height in ((640, 480), (1280, 720))
        for rate in (30.0, 60.0)
        for transport, profile in (('raw', True), ('raw', False), ('compressed', True))
    ]
    cases += [
        replace(base, faces=faces, debug=debug)
        for faces in (0, 1, 4)
        for debug in (False, True)
        if (faces, debug) != (1, False)
    ]
    cases += [replace(base, rate=rate) for rate in (5.0, 15.0)]
    return cases


def measure_latency(case: Case, seconds: float, domain: int) -> LatencyResult:
    """Run one case for ``seconds`` in ROS domain ``domain``.

    Raises:
        TimeoutError: there is no result or no report within PATIENCE.

    """
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / 'picture.npy'
        np.save(picture, crowd(case.faces, case.width, case.height))
        environment = _environment(case, domain, folder)
        started = time.monotonic()
        with running(_node_words(case), environment, Path(folder) / 'node.log') as pid:
            listener = _Listener(domain, case)
            try:
                camera = subprocess.Popen(
                    [
                        sys.executable,
                        '-m',
                        'benchmarks.ros_camera',
                        str(picture),
                        '--transport',
                        case.transport,
                        '--rate',
                        str(case.rate),
                        '--seconds',
                        str(seconds),
                    ],
                    env=environment,
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                return listener.follow(camera, pid, started)
            finally:
                listener.close()


def _node_words(case: Case) -> list[str]:
    return [
        'face_affect_node',
        '--ros-args',
        '-p',
        'autostart:=true',
        '-p',
        'confirm_frames:=1',
        '-p',
        f'image_transport:={case.transport}',
    ]


def _environment(case: Case, domain: int, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in PROFILE_VARIABLES}
    old = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    profile = {PROFILE_VARIABLES[old]: str(PROFILE)} if case.profile else {}
    return {
        **kept,
        **profile,
        'ROS_DOMAIN_ID': str(domain),
        'ROS_LOG_DIR': folder,
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    }


class _Listener:
    """Receives the results in this process."""

    def __init__(self, domain: int, case: Case) -> None:
        self._outcome = LatencyResult(case)
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node('listener', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._report: dict[str, str] = {}
        self._first = math.inf
        self._node.create_subscription(
            FaceAffectArray, '/face_affect/faces', self._on_result, QoSProfile(depth=10)
        )
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._on_report, 10)
        if case.debug:
            self._node.create_subscription(
                CompressedImage, '/face_affect/debug_image/compressed', lambda _: None, 1
            )

    def follow(self, camera: subprocess.Popen[str], pid: int, started: float) -> LatencyResult:
        """Receive until the camera has ended; return the result."""
        outcome = self._outcome
        # Without the profile most images are lost, and there may be few results.
        self._spin_until(
            lambda: len(outcome.latencies) > SKIPPED or camera.poll() is not None,
            'the first results',
        )
        outcome.first = self._first - started
        before, since = Footprint.of(pid), time.monotonic()
        while camera.poll() is None:
            self._executor.spin_once(timeout_sec=0.1)
        after = Footprint.of(pid)
        outcome.cpu = (after.cpu - before.cpu) / (time.monotonic() - since)
        outcome.memory = after.memory
        outcome.sent = int(camera.communicate()[0] or 0)
        for _ in range(2):  # The next report may be older than the last frames.
            self._report = {}
            self._spin_until(lambda: self._report, 'a report')
        outcome.received = int(self._report['frames received'])
        outcome.processed = int(self._report['frames processed'])
        del outcome.latencies[:SKIPPED]
        return outcome

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _on_result(self, result: FaceAffectArray) -> None:
        stamp = result.header.stamp
        self._outcome.latencies.append(time.time() - to_seconds(stamp))
        self._first = min(self._first, time.monotonic())

    def _on_report(self, report: DiagnosticArray) -> None:
        self._report = {item.key: item.value for item in report.status[0].values}

    def _spin_until(self, condition: Any, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(
                    f'{self._outcome.case.name}: did not receive {what} within {PATIENCE:.0f} s'
                )
            self._executor.spin_once(timeout_sec=0.1)
