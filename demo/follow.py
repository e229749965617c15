# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Subscribe to a face_affect node: show results live, write a video, a contact sheet and a bag."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import os
from pathlib import Path
import struct
import sys
import time
from typing import Any

from face_affect_msgs.msg import FaceAffectArray
from lifecycle_msgs.srv import GetState
import rclpy
from rclpy.client import Client
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage, Image

from demo.display import Display, Lines, LiveTable, summary
from demo.outputs import Outputs
from demo.session_statistics import SessionStatistics
from face_affect.core.stamps import to_nanoseconds
from face_affect.signals import StopSignal

READY_SECONDS = 30.0  # for the node to load its models and be discovered
CALL_SECONDS = 2.0  # for the response to a service call
FIRST_RESULT_SECONDS = 30.0
QUIET_SECONDS = 1.0  # without a message, after which no more is expected
DRAIN_SECONDS = 5.0  # to wait for the last messages at most
TICK = 0.1  # seconds
# Arguments are a raw message and its info; Jazzy's annotations have only the message.
Callback = Callable[..., None]


class FollowError(Exception):
    """The node is missing or inactive, or sends no results."""


def stamp_in(data: bytes) -> int:
    """Return the stamp in nanoseconds of a serialised message whose first field is the header."""
    order = '<' if data[1] & 1 else '>'
    seconds, nanoseconds = struct.unpack_from(f'{order}iI', data, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def _received(info: Any) -> int:
    """Return the time of arrival in nanoseconds; now if the middleware does not provide it."""
    return int(info['received_timestamp']) or time.time_ns()


class Follower(Node):
    """A ROS node that subscribes to another node's results and debug images."""

    def __init__(
        self, options: argparse.Namespace, session: SessionStatistics, outputs: Outputs
    ) -> None:
        """Subscribe by ``options``; pass messages to ``session`` and ``outputs``."""
        super().__init__('face_affect_follower')
        self._options = options
        self._session = session
        self._outputs = outputs
        self.last_arrival = time.monotonic()
        deep = QoSProfile(depth=100)
        on_result: Callback = self._on_result
        self.create_subscription(
            FaceAffectArray, f'{options.node}/faces', on_result, deep, raw=True
        )
        self.create_subscription(
            CompressedImage, f'{options.node}/debug_image/compressed', self._on_picture, deep
        )
        # Created after the subscriptions: discovery is in order, so that a node that responds has
        # discovered the subscriptions too.
        self._state: Client = self.create_client(GetState, f'{options.node}/get_state')
        self._images_subscribed = False

    def node_state(self, executor: SingleThreadedExecutor) -> str | None:
        """Return the node's lifecycle state; None without a response within CALL_SECONDS."""
        if not self._state.wait_for_service(timeout_sec=TICK):
            return None
        future = self._state.call_async(GetState.Request())
        executor.spin_until_future_complete(future, timeout_sec=CALL_SECONDS)
        response = future.result() if future.done() else None
        if response is None:
            self._state.remove_pending_request(future)
            return None
        return str(response.current_state.label)

    def _on_result(self, data: bytes, info: Any) -> None:
        self.last_arrival = time.monotonic()
        result = deserialize_message(data, FaceAffectArray)
        stamp = to_nanoseconds(result.header.stamp)
        self._session.add_result(result)
        self._session.latencies.received(stamp, _received(info))
        self._outputs.add_result(stamp, data)
        if self._options.image_topic and not self._images_subscribed:
            self._subscribe_images()

    def _subscribe_images(self) -> None:
        """Subscribe to the images, whose send times are needed for latencies.

        Called after the first result: until then the player waits for a subscriber, which must be
        the node.
        """
        kind = CompressedImage if self._options.compressed else Image
        on_image: Callback = self._on_image
        self.create_subscription(
            kind, self._options.image_topic, on_image, qos_profile_sensor_data, raw=True
        )
        self._images_subscribed = True

    def _on_image(self, data: bytes, info: Any) -> None:
        self._session.latencies.sent(stamp_in(data), int(info['source_timestamp']))

    def _on_picture(self, message: CompressedImage) -> None:
        self.last_arrival = time.monotonic()
        stamp = to_nanoseconds(message.header.stamp)
        self._session.pictures += 1
        self._outputs.add_picture(stamp, message.data.tobytes(), self._session.has_faces(stamp))


def wait_for_node(follower: Follower, executor: SingleThreadedExecutor, stop: StopSignal) -> bool:
    """Wait until the node is active and has discovered the follower; False if stopped.

    Raises:
        FollowError: the node does not respond, or is not active.

    """
    end = time.monotonic() + READY_SECONDS
    while not stop:
        state = follower.node_state(executor)
        if state == 'active':
            return True
        if state is not None:
            raise FollowError(f'the node is {state}, but must be active; see its log')
        if time.monotonic() >= end:
            raise FollowError(f'no response from a node within {READY_SECONDS:.0f} s; see its log')
    return False


def follow(
    follower: Follower,
    executor: SingleThreadedExecutor,
    session: SessionStatistics,
    display: Display,
    stop: StopSignal,
) -> None:
    """Show results until stopped and all expected messages have arrived.

    Raises:
        FollowError: there was no result.

    """

    def show() -> None:
        executor.spin_once(timeout_sec=TICK)
        display.update(session)

    start = time.monotonic()
    while not stop and (session.results or time.monotonic() - start <= FIRST_RESULT_SECONDS):
        show()
    stopped = time.monotonic()
    while stop and not _drained(follower, session, stopped):
        show()
    if not session.results:
        raise FollowError(
            f'no result from the node within {time.monotonic() - start:.0f} s; see its log'
        )


def _drained(follower: Follower, session: SessionStatistics, stopped: float) -> bool:
    """Return whether no more messages are expected; ``stopped`` time of the stop request."""
    now = time.monotonic()
    quiet = now - max(follower.last_arrival, stopped) > QUIET_SECONDS
    return session.complete or quiet or now - stopped > DRAIN_SECONDS


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m demo.follow', description=__doc__)
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('demo_output'),
        help='the folder for the files (default: %(default)s)',
    )
    parser.add_argument(
        '--node', default='/face_affect', help='name of the node (default: %(default)s)'
    )
    parser.add_argument(
        '--frames', type=int, default=0, help='number of images to expect (default: unknown)'
    )
    parser.add_argument('--image-topic', help="the camera's topic, to measure latency")
    parser.add_argument(
        '--compressed', action='store_true', help='the images are sensor_msgs/CompressedImage'
    )
    parser.add_argument(
        '--ready-fd', type=int, help='file descriptor to write to when subscriptions are ready'
    )
    return parser.parse_args()


def _run(
    options: argparse.Namespace, session: SessionStatistics, outputs: Outputs, stop: StopSignal
) -> None:
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    follower = Follower(options, session, outputs)
    executor = SingleThreadedExecutor()
    executor.add_node(follower)
    try:
        if not wait_for_node(follower, executor, stop):
            return
        if options.ready_fd is not None:
            os.write(options.ready_fd, b'\n')
        with LiveTable() if sys.stdout.isatty() else Lines() as display:
            follow(follower, executor, session, display, stop)
    finally:
        follower.destroy_node()
        rclpy.try_shutdown()


def main() -> int:
    """Follow until a signal, then finish the files; return the exit code, 1 after an error."""
    options = _parse_arguments()
    session = SessionStatistics(options.frames)
    # A second signal must not interrupt the writing of the files.
    with StopSignal(interruptible=False) as stop:
        options.output.mkdir(parents=True, exist_ok=True)
        outputs = Outputs(options.output, f'{options.node}/faces')
        try:
            try:
                _run(options, session, outputs, stop)
            finally:
                outputs.close()
        except (FollowError, OSError) as error:
            print(f'follower: {error}', file=sys.stderr)
            return 1
        print(summary(session, outputs.paths), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
