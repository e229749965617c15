# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Serve the results of a running node as a web page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
import functools
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from face_affect_msgs.msg import FaceAffectArray
import numpy as np
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from rclpy.subscription import Subscription
from rclpy.validate_full_topic_name import validate_full_topic_name
from sensor_msgs.msg import CompressedImage, Image

from face_affect.core.codec import decode_result
from face_affect.core.images import ImageError
from face_affect.core.parameters import parameter, ParameterGroup
from face_affect.extras import needs
from face_affect.ros.cdr import read_message, unpack
from face_affect.ros.conversions import decode
from face_affect.ros.declaration import declare, unlogged
from face_affect.ros.diagnostics import ProgramStatus, publish_diagnostics
from face_affect.ros.executable import Executable, run
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.signals import StopSignal
from face_affect.view.address import Address, DEFAULT_PORT, LOOPBACK, RISK
from face_affect.view.feed import Feed
from face_affect.view.feeds import Feeds

CHECK_PERIOD = 0.2  # seconds between checks for open pages
MAX_LATENCY = 60.0  # seconds; a higher one means that stamps are not of the node's clock
JPEG_START = b'\xff\xd8'


@dataclass
class _Source:
    """A topic that is subscribed to only while its feed is watched in a browser."""

    feed: Feed[Any]
    kind: type
    topic: str
    qos: QoSProfile
    show: Callable[[bytes], None]
    subscription: Subscription | None = None


@dataclass(frozen=True)
class LiveViewParameters(ParameterGroup):
    """The program's parameters."""

    node: str = parameter('/face_affect', 'fully qualified name of the face_affect node')
    port: int = parameter(DEFAULT_PORT, 'port of the page; 0: any free port', low=0, high=65535)
    address: str = parameter(LOOPBACK, f'IP address that serves the page. RISK: {RISK}')


class LiveView(Node):
    """Serves the page, and subscribes to those topics of a face_affect node that are watched."""

    def __init__(self, **kwargs: Any) -> None:
        """Serve the page.

        Raises:
            MissingExtraError: the server's packages are not installed.
            ValueError: a parameter has an invalid value.
            ViewError: the page cannot be served on that address.

        """
        with needs('view', 'live_view'):
            from face_affect.view.server import ViewServer
        self._page = ExitStack()  # before super: rclpy calls destroy_node if a step fails
        with unlogged():
            super().__init__(
                'live_view', automatically_declare_parameters_from_overrides=True, **kwargs
            )
        self._log = ThrottledLog(self.get_logger())
        self.faults = Faults(self._log)
        self._status = ProgramStatus(self, 'live view', self.faults)
        given = declare(self, LiveViewParameters, fixed=True)
        name = given.node
        try:
            validate_full_topic_name(f'{name}/faces')
        except InvalidTopicNameException as error:
            raise ValueError(
                f'node is {name!r}, but must be a fully qualified name such as /face_affect'
            ) from error
        self.feeds = Feeds(name, "from the image's stamp to its result in the browser's server")
        newest = QoSProfile(depth=1)
        pictures = QoSProfile(depth=1, reliability=qos_profile_sensor_data.reliability)
        compressed = f'{name}/debug_image/compressed'
        feeds = self.feeds
        self._sources = (
            _Source(feeds.state, FaceAffectArray, f'{name}/faces', newest, self._on_faces),
            _Source(feeds.picture, CompressedImage, compressed, pictures, self._on_picture),
            _Source(feeds.saliency, Image, f'{name}/saliency', pictures, self._on_saliency),
        )
        self._address = f'{given.address} port {given.port}'
        server = ViewServer(self.feeds, Address(given.address, given.port))
        self._page.enter_context(server)
        self.get_logger().info(f'page: {server.url}')
        self.create_timer(
            CHECK_PERIOD, self._follow_browsers, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        publish_diagnostics(self, self.diagnose)

    def destroy_node(self) -> None:
        """Close the page, then destroy the node."""
        self._page.close()
        super().destroy_node()

    def diagnose(self) -> DiagnosticStatus:
        """Return the status, with the page's address and which topics are watched."""
        values = {
            source.topic: 'watched' if source.subscription else 'not watched'
            for source in self._sources
        }
        return self._status.report('', {'page': self._address, **values})

    def _follow_browsers(self) -> None:
        for source in self._sources:
            if source.feed.watched and source.subscription is None:
                source.subscription = self.create_subscription(
                    source.kind,
                    source.topic,
                    functools.partial(self._receive, source),
                    source.qos,
                    raw=True,
                )
            elif not source.feed.watched and source.subscription is not None:
                self.destroy_subscription(source.subscription)
                source.subscription = None
                source.feed.clear()

    def _receive(self, source: _Source, data: bytes) -> None:
        """Show a message; drop a malformed one with a warning."""
        try:
            source.show(data)
        except ImageError as error:
            self._log.warning(source.topic, f'message on {source.topic} dropped: {error}')

    def _on_faces(self, data: bytes) -> None:
        result = decode_result(unpack(data, FaceAffectArray))
        latency = self.get_clock().now().nanoseconds * 1e-9 - result.stamp
        plausible = 0 <= latency <= MAX_LATENCY
        self.feeds.show(result, latency if plausible else result.timings['total'])

    def _on_picture(self, data: bytes) -> None:
        jpeg = bytes(read_message(data, CompressedImage).data)
        if not jpeg.startswith(JPEG_START):
            raise ImageError('undecodable', f'the image begins with {jpeg[:4]!r}, expected a JPEG')
        self.feeds.picture.publish(lambda: jpeg)

    def _on_saliency(self, data: bytes) -> None:
        image: NDArray[np.uint8] = decode(read_message(data, Image))
        self.feeds.saliency.publish(lambda: image)


def serve(node: LiveView, executable: Executable) -> int:
    """Serve the page until a signal comes; return the exit code."""
    executable.spin()
    return 0


def main(stopped: StopSignal, arguments: Sequence[str] | None = None) -> int:
    """Run the page until it is ``stopped``; return the exit code, 1 if it cannot be served."""
    return run('live_view', LiveView, serve, stopped, arguments)
