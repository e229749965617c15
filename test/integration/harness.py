# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
What the tests over DDS share: processes that always end, a ROS client, the demo's pictures.

Nothing here sleeps: every wait is for an event, and has a deadline.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from contextlib import suppress
import functools
import json
import os
from pathlib import Path
import signal
import subprocess
import time
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from face_affect_msgs.action import WaitForAffect
from face_affect_msgs.msg import FaceAffectArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
import rclpy
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.qos import QoSProfile
from rclpy.task import Future
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from support.footprint import Footprint
from support.ros_domain import free_domain

ROOT = Path(__file__).resolve().parents[2]
BAG = ROOT / 'demo' / 'bag'
BAG_TOPIC = '/camera/image_raw/compressed'
# Generous, for a busy machine: nothing takes that long unless it hangs.
DEADLINE = 60.0
# Time for an answer of a service before the request is repeated
REPEAT = 10.0
# Time for a process to end before it is killed
KIND_SECONDS = 10.0
FRAME_RATE = 15  # images per second
# Frames of the demo bag: no face; Joe Biden close to the camera; Eileen Collins smiling
EMPTY, BIDEN, COLLINS = 0, 186, 222

ImageMessage = Image | CompressedImage


def read_bag(topic: str = BAG_TOPIC) -> list[tuple[int, bytes]]:
    """Return stamp (nanoseconds) and CDR of the demo bag's messages on ``topic``."""
    with AnyReader([BAG]) as reader:
        connections = [each for each in reader.connections if each.topic == topic]
        return [(stamp, bytes(data)) for _, stamp, data in reader.messages(connections)]


@functools.cache
def demo_jpegs() -> list[bytes]:
    """Return the JPEGs of the demo bag."""
    with AnyReader([BAG]) as reader:
        connections = [each for each in reader.connections if each.topic == BAG_TOPIC]
        return [
            reader.deserialize(data, each.msgtype).data.tobytes()
            for each, _, data in reader.messages(connections)
        ]


def demo_picture(frame: int) -> NDArray[np.uint8]:
    """Return an image of the demo bag, u8 [H, W, 3] BGR."""
    return np.asarray(
        cv2.imdecode(np.frombuffer(demo_jpegs()[frame], np.uint8), cv2.IMREAD_COLOR),
        dtype=np.uint8,
    )


def raw_image(
    encoding: str, width: int, height: int, step: int, data: bytes, big_endian: bool = False
) -> Image:
    """Return a raw image message."""
    return Image(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        data=array.array('B', data),
        is_bigendian=big_endian,
    )


def bgr_image(picture: NDArray[np.uint8]) -> Image:
    """Return ``picture``, u8 [H, W, 3] BGR, as a raw image message."""
    height, width = picture.shape[:2]
    return raw_image('bgr8', width, height, 3 * width, picture.tobytes())


def jpeg_image(data: bytes) -> CompressedImage:
    """Return ``data`` as a compressed image message."""
    return CompressedImage(format='jpeg', data=array.array('B', data))


def box_of(region: RegionOfInterest) -> tuple[float, float, float, float]:
    """Return x, y, width and height."""
    return region.x_offset, region.y_offset, region.width, region.height


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the intersection over union of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


class Process:
    """A process under test, with its recorded output."""

    def __init__(self, arguments: Sequence[str], log: Path, domain: int) -> None:
        self.name = log.stem
        self._log = log
        environment = {'ROS_DOMAIN_ID': str(domain), 'ROS_LOG_DIR': str(log.parent / 'ros')}
        with log.open('w') as stream:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )

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

    def end(self, number: signal.Signals, timeout: float) -> int:
        """Send a signal; return the exit code."""
        self.send(number)
        return self.wait(timeout)

    def send(self, number: signal.Signals) -> None:
        if self.running:
            self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def footprint(self) -> Footprint:
        return Footprint.of(self._process.pid)


class Robot:
    """A ROS domain with processes under test and a client node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._domain = free_domain()
        self.processes: list[Process] = []
        self._clients: dict[str, Any] = {}
        self._context = Context()
        rclpy.init(context=self._context, domain_id=self._domain)
        self.node: Node = rclpy.create_node('client', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._reports = self.subscribe(DiagnosticArray, '/diagnostics')

    def close(self) -> None:
        """Stop all processes, by SIGTERM first: killed ones leave shared memory behind."""
        for process in self.processes:
            process.send(signal.SIGCONT)
            process.send(signal.SIGTERM)
        for process in self.processes:
            with suppress(AssertionError):
                process.wait(KIND_SECONDS)
            process.kill()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    # Processes

    def start(self, *arguments: str) -> Process:
        log = self._folder / f'{len(self.processes)}_{Path(arguments[0]).name}.txt'
        process = Process(arguments, log, self._domain)
        self.processes.append(process)
        return process

    def start_node(self, remap: Sequence[str] = (), **parameters: Any) -> Process:
        options = [
            word
            for name, value in parameters.items()
            for word in ('-p', f'{name}:={json.dumps(value)}')
        ]
        options += [word for rule in remap for word in ('-r', rule)]
        return self.start('face_affect_node', '--ros-args', *options)

    def play(self, *arguments: str) -> Process:
        return self.start('face-affect', 'play', *arguments)

    def _outputs(self) -> str:
        return '\n'.join(f'{process.name}:\n{process.output}' for process in self.processes)

    def add_node(self, create: Callable[[Context], Node]) -> Node:
        """Add a node to this process; it is spun while the client waits for an event."""
        node = create(self._context)
        self._executor.add_node(node)
        return node

    # Events

    def spin_until(
        self, condition: Callable[[], object], what: str, timeout: float = DEADLINE
    ) -> None:
        """Receive messages until ``condition`` holds."""
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f'{what}: not within {timeout} s\n{self._outputs()}'
            self._executor.spin_once(timeout_sec=0.05)

    def spin_to_end(self, process: Process, timeout: float = DEADLINE) -> int:
        """Receive messages until ``process`` ends; return its exit code."""
        self.spin_until(lambda: not process.running, 'the end of the process', timeout)
        return process.wait()

    def subscribe(self, kind: Any, topic: str, depth: int = 100, raw: bool = False) -> list[Any]:
        """Subscribe, and return the list of received messages, which grows."""
        messages: list[Any] = []
        self.node.create_subscription(
            kind, topic, messages.append, QoSProfile(depth=depth), raw=raw
        )
        return messages

    def result(self, future: Future) -> Any:
        self.spin_until(future.done, 'an answer')
        return future.result()

    def ask(self, kind: Any, name: str, request: Any = None) -> Any:
        """Call a service.

        A request is repeated if it has no answer within REPEAT seconds: rmw_fastrtps drops an
        answer while the server has not discovered the client's reader. ChangeState is not
        repeated, because the second one would be refused.
        """
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        self.spin_until(client.service_is_ready, f'service {name}')
        start = time.monotonic()
        requests: list[Future] = []

        def answered() -> bool:
            once = requests and kind is ChangeState
            if not once and time.monotonic() - start >= REPEAT * len(requests):
                requests.append(client.call_async(request or kind.Request()))
            return any(one.done() for one in requests)

        self.spin_until(answered, f'an answer of {name}')
        return next(one for one in requests if one.done()).result()

    # The node

    def statuses(self, what: str) -> list[DiagnosticStatus]:
        """Return the messages on /diagnostics so far of ``what``, such as 'camera'."""
        return [
            report.status[0]
            for report in self._reports
            if report.status[0].name.endswith(f': {what}')
        ]

    @property
    def last_report(self) -> dict[str, str]:
        """The values of the node's last message on /diagnostics."""
        report = next(
            each for each in reversed(self._reports) if each.status[0].name.endswith(': pipeline')
        )
        stamp, status = report.header.stamp, report.status[0]
        return {
            'stamp': f'{stamp.sec}.{stamp.nanosec:09}',
            'message': status.message,
            **{item.key: item.value for item in status.values},
        }

    def report(self) -> dict[str, str]:
        """Return the values of the next message on /diagnostics."""
        self._reports.clear()
        self.spin_until(lambda: self.statuses('pipeline'), 'diagnostics')
        return self.last_report

    def wait_for_report(self, fits: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Return the next diagnostics that meet the condition."""
        end = time.monotonic() + DEADLINE
        while not fits(self.report()):
            assert time.monotonic() < end, f'diagnostics stay at {self.last_report}'
        return self.last_report

    def change_state(self, transition: str) -> bool:
        """Request a transition; return whether it succeeded."""
        code = getattr(Transition, f'TRANSITION_{transition.upper()}')
        request = ChangeState.Request(transition=Transition(id=code))
        return bool(self.ask(ChangeState, '/face_affect/change_state', request).success)

    @property
    def state(self) -> str:
        current: State = self.ask(GetState, '/face_affect/get_state').current_state
        return str(current.label)

    def set_parameters(self, **values: Any) -> list[SetParametersResult]:
        """Set parameters one at a time."""
        return self.set_each(list(values.items()))

    def set_each(self, changes: list[tuple[str, Any]]) -> list[SetParametersResult]:
        """Set parameters one at a time in one request; a name may occur repeatedly."""
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg() for name, value in changes]
        )
        return list(self.ask(SetParameters, '/face_affect/set_parameters', request).results)

    def set_at_once(self, **values: Any) -> SetParametersResult:
        """Set parameters atomically."""
        request = SetParametersAtomically.Request(parameters=_parameters(values))
        return self.ask(
            SetParametersAtomically, '/face_affect/set_parameters_atomically', request
        ).result

    def parameters(self, *names: str) -> list[Any]:
        """Return the values of parameters."""
        return self.parameters_of('/face_affect', *names)

    def parameters_of(self, node: str, *names: str) -> list[Any]:
        """Return the values of parameters of the node of that name."""
        request = GetParameters.Request(names=list(names))
        answer = self.ask(GetParameters, f'{node}/get_parameters', request)
        return [parameter_value_to_python(value) for value in answer.values]


def _parameters(values: dict[str, Any]) -> list[Any]:
    return [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]


class Camera:
    """A publisher of images whose stamps increase by 1/15 s."""

    def __init__(self, robot: Robot, topic: str, kind: Any, frame_id: str = 'test_camera') -> None:
        self._robot = robot
        self._frame_id = frame_id
        self._count = 1000 * FRAME_RATE
        self._publisher = robot.node.create_publisher(kind, topic, 10)
        self._timer: Any = None

    def wait_for_subscriber(self) -> None:
        self._robot.spin_until(self._publisher.get_subscription_count, 'a subscriber')

    def publish(self, message: ImageMessage) -> None:
        """Publish ``message`` with its own header."""
        self._publisher.publish(message)

    def send(self, message: ImageMessage) -> Header:
        """Publish ``message`` with the next stamp; return its header."""
        self._count += 1
        seconds, rest = divmod(self._count, FRAME_RATE)
        message.header.stamp.sec = seconds
        message.header.stamp.nanosec = rest * 1_000_000_000 // FRAME_RATE
        message.header.frame_id = self._frame_id
        self.publish(message)
        return message.header

    def frames_since(self, header: Header) -> int:
        """Return the number of images sent after the one with that header."""
        return self._count - round((header.stamp.sec + header.stamp.nanosec * 1e-9) * FRAME_RATE)

    def stream(self, message: ImageMessage, rate: float = FRAME_RATE) -> None:
        """Publish ``message`` at a rate while the robot waits for an event."""
        self.stop()
        self._timer = self._robot.node.create_timer(1 / rate, lambda: self.send(message))

    def stop(self) -> None:
        if self._timer is not None:
            self._robot.node.destroy_timer(self._timer)
            self._timer = None


class Watcher:
    """A camera that publishes to the node, and the node's results."""

    def __init__(self, robot: Robot, camera: Camera) -> None:
        self.robot = robot
        self.camera = camera
        self.results: list[FaceAffectArray] = robot.subscribe(
            FaceAffectArray, '/face_affect/faces'
        )

    def wait_for(
        self, condition: Callable[[FaceAffectArray], object], what: str, timeout: float = DEADLINE
    ) -> FaceAffectArray:
        """Return the first result from now on for which ``condition`` holds."""
        self.results.clear()
        found: list[FaceAffectArray] = []

        def seen() -> bool:
            while self.results and not found:
                result = self.results.pop(0)
                if condition(result):
                    found.append(result)
            return bool(found)

        self.robot.spin_until(seen, what, timeout)
        return found[0]

    def look_at(self, message: ImageMessage) -> FaceAffectArray:
        """Publish one image; return its result."""
        header = self.camera.send(message)
        return self.wait_for(lambda result: result.header == header, f'a result for {header}')

    def warm_up(self, message: ImageMessage) -> None:
        """Stream an image until the node has discovered the camera and processed all images."""
        self.camera.stream(message)
        self.wait_for(lambda result: True, 'the first result')
        self.camera.stop()
        self.look_at(message)


class Waiting:
    """A goal of the action."""

    def __init__(self, robot: Robot, client: ActionClient, **goal: Any) -> None:
        self._robot = robot
        self.feedback: list[WaitForAffect.Feedback] = []
        robot.spin_until(client.server_is_ready, 'the action')
        self._handle = robot.result(
            client.send_goal_async(
                WaitForAffect.Goal(**goal),
                feedback_callback=lambda message: self.feedback.append(message.feedback),
            )
        )
        self.accepted = self._handle.accepted
        self._result: Any | None = self._handle.get_result_async() if self.accepted else None

    @property
    def done(self) -> bool:
        return self._result is not None and self._result.done()

    def cancel(self) -> None:
        self._robot.result(self._handle.cancel_goal_async())

    def end(self) -> tuple[int, WaitForAffect.Result]:
        """Return status and result."""
        answer = self._robot.result(self._result)
        return answer.status, answer.result
