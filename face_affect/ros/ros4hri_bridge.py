# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Republish the node's faces on the topics of ROS4HRI (REP-155)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from face_affect_msgs.msg import FaceAffectArray
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidNamespaceException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from rclpy.validate_namespace import validate_namespace
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.bit_depth import BitDepth
from face_affect.core.codec import decode_result
from face_affect.core.faces import Face, FrameResult
from face_affect.core.images import ImageError
from face_affect.core.ros4hri import cropped, expression, face_id, gender, region, TrackedFaces
from face_affect.ros.cdr import CdrImageMessage, read_message, unpack
from face_affect.ros.conversions import decode, image_to_message
from face_affect.ros.declaration import declare, unlogged
from face_affect.ros.diagnostics import missing_messages, ProgramStatus, publish_diagnostics
from face_affect.ros.executable import Executable, run
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.image_subscription import image_topics, ImageSubscription
from face_affect.ros.optional_messages import load_messages
from face_affect.ros.parameters import BridgeParameters
from face_affect.ros.silence import Silence
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.signals import StopSignal

TRANSPORTS = {'raw': Image, 'compressed': CompressedImage}
RESULT_TYPE = 'face_affect_msgs/msg/FaceAffectArray'
IMAGES = 30  # queued until their results arrive: one second at 30 Hz
IMAGE_MEMORY = 64 << 20  # maximum bytes of queued images
MAX_FACES = 100  # with topics; each face has four
CHECK_PERIOD = 0.5  # seconds between checks whether results arrive


class FaceTopics:
    """The topics of one face."""

    def __init__(self, node: Node, hri: Any, root: str, number: int) -> None:
        """Create the publishers of ROOT/faces/ID/roi, cropped, expression and softbiometrics.

        Args:
            node: owns the publishers.
            hri: the module hri_msgs.msg.
            root: ROOT.
            number: the face's id in the node's results.

        """
        self._node = node
        self._hri = hri
        name = f'{root}/faces/{face_id(number)}'
        qos = QoSProfile(depth=1)
        self._roi = node.create_publisher(hri.NormalizedRegionOfInterest2D, f'{name}/roi', qos)
        self._cropped = node.create_publisher(Image, f'{name}/cropped', qos)
        self._expression = node.create_publisher(hri.Expression, f'{name}/expression', qos)
        self._softbiometrics = node.create_publisher(
            hri.SoftBiometrics, f'{name}/softbiometrics', qos
        )

    @property
    def _publishers(self) -> tuple[Publisher, ...]:
        return self._roi, self._cropped, self._expression, self._softbiometrics

    @property
    def crop_wanted(self) -> bool:
        """Whether the cropped image has a subscriber."""
        return bool(self._cropped.get_subscription_count())

    def publish(self, face: Face, result: FrameResult, header: Header) -> None:
        """Publish region, expression and gender; a task that the node does not run is left out."""
        detection = face.detection
        found = region(detection.box, detection.score, result.width, result.height)
        self._roi.publish(self._hri.NormalizedRegionOfInterest2D(header=header, **vars(found)))
        if face.emotion:
            shown = expression(
                face.emotion.label, face.emotion.confidence, face.emotion.probabilities
            )
            self._expression.publish(self._hri.Expression(header=header, **vars(shown)))
        if face.gender:
            code, confidence = gender(face.gender.label, face.gender.confidence)
            self._softbiometrics.publish(
                self._hri.SoftBiometrics(header=header, gender=code, gender_confidence=confidence)
            )

    def publish_crop(self, message: Image) -> None:
        """Publish the cropped image."""
        self._cropped.publish(message)

    def destroy(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)


def root_of(namespace: str) -> str:
    """Return the root of the topics, ``namespace`` without a trailing slash.

    Raises:
        ValueError: ``namespace`` is not an absolute name.

    """
    try:
        validate_namespace(namespace)
    except InvalidNamespaceException as error:
        raise ValueError(
            f'humans_namespace is {namespace!r}, but must be an absolute name such as /humans/head'
        ) from error
    return namespace.rstrip('/')


def _stamp(header: Header) -> tuple[int, int]:
    return header.stamp.sec, header.stamp.nanosec


class Ros4HriBridge(Node):
    """Subscribes to the node's faces, and to the camera's images for the cropped images."""

    def __init__(self, hri: Any, **kwargs: Any) -> None:
        """Create the topics; ``hri`` is the module hri_msgs.msg.

        Raises:
            ValueError: a parameter has an invalid value.

        """
        with unlogged():
            super().__init__(
                'ros4hri_bridge', automatically_declare_parameters_from_overrides=True, **kwargs
            )
        self._log = ThrottledLog(self.get_logger())
        self.faults = Faults(self._log)
        self._status = ProgramStatus(self, 'ROS4HRI bridge', self.faults)
        self._hri = hri
        given = declare(self, BridgeParameters, fixed=True, topics=image_topics(self))
        # In ROS 1, these were the parameters /humans/faces/width and height.
        self._size = given.cropped_width, given.cropped_height
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._bit_depth = BitDepth()
        self._tracked = TrackedFaces(given.keep_time)
        self._topics: dict[int, FaceTopics] = {}
        self._images: OrderedDict[tuple[int, int], CdrImageMessage] = OrderedDict()
        self._kind = TRANSPORTS[given.image_transport]
        self._root = root_of(given.humans_namespace)
        self._list_topic = f'{self._root}/faces/tracked'
        self._list = self.create_publisher(hri.IdsList, self._list_topic, QoSProfile(depth=1))
        self._results = self.create_subscription(
            FaceAffectArray, 'faces', self._on_faces, QoSProfile(depth=10), raw=True
        )
        self._camera = ImageSubscription(
            self,
            self._kind,
            self._on_image,
            QoSProfile(depth=5, reliability=qos_profile_sensor_data.reliability),
        )
        self._received = self._result_count = 0
        self._silence = Silence(self._received, self._now)
        self._keep = given.keep_time
        self._last_result = self._now()
        self.create_timer(CHECK_PERIOD, self._check, clock=self._steady)
        publish_diagnostics(self, self.diagnose)

    def _now(self) -> float:
        return float(self._steady.now().nanoseconds * 1e-9)

    def _on_image(self, data: bytes) -> None:
        self._received += 1
        try:
            message = read_message(data, self._kind)
        except ImageError as error:
            self._log.warning('image', error)
            return
        self._images[_stamp(message.header)] = message
        while len(self._images) > 1 and (
            len(self._images) > IMAGES
            or sum(len(image.data) for image in self._images.values()) > IMAGE_MEMORY
        ):
            self._images.popitem(last=False)

    def _on_faces(self, data: bytes) -> None:
        """Publish a result; drop a malformed one with a warning."""
        try:
            message = unpack(data, FaceAffectArray)
            result = decode_result(message)
        except ValueError as error:
            self._log.warning('faces', f'result dropped: {error}')
            return
        self._last_result = self._now()
        self._result_count += 1
        faces = self._with_topics(result)
        self._forget(self._tracked.update((face.id for face in faces), self._last_result))
        for face in faces:
            if face.id not in self._topics:
                self._topics[face.id] = FaceTopics(self, self._hri, self._root, face.id)
        self._publish_list(message.header)
        for face in faces:
            self._topics[face.id].publish(face, result, message.header)
        self._publish_crops(faces, message.header)

    def _with_topics(self, result: FrameResult) -> list[Face]:
        """Return the faces that have topics, and new ones up to ``MAX_FACES`` in total."""
        known = [face for face in result.faces if face.id in self._topics]
        new = [face for face in result.faces if face.id not in self._topics]
        room = MAX_FACES - len(self._topics)
        if len(new) > room:
            self._log.warning(
                'room',
                f'{len(new) - room} of {len(result.faces)} faces left out: at most {MAX_FACES} '
                'faces have topics',
            )
        return known + new[:room]

    def _publish_crops(self, faces: Sequence[Face], header: Header) -> None:
        message = self._images.pop(_stamp(header), None)
        wanted = [face for face in faces if self._topics[face.id].crop_wanted]
        if message is None or not wanted:
            return
        try:
            image = decode(message, bit_depth=self._bit_depth)
        except ImageError as error:
            self._log.warning('crop', f'no cropped faces: {error}')
            return
        for face in wanted:
            self._topics[face.id].publish_crop(
                image_to_message(cropped(image, face.detection.box, *self._size), header)
            )

    def _check(self) -> None:
        """Warn if no image arrives; remove all faces if no result arrives."""
        seconds = self._silence.due(self._received)
        if seconds is not None:
            self.get_logger().warning(f'no cropped faces: {self._camera.silence(seconds)}')
        now = self._now()
        if now - self._last_result <= self._keep or not self._topics:
            return
        self._forget(self._tracked.update([], now))
        self._publish_list(Header(stamp=self.get_clock().now().to_msg()))

    def diagnose(self) -> DiagnosticStatus:
        """Return the status: WARN if no result arrives or another bridge has the same topics."""
        others = len(self.get_publishers_info_by_topic(self._list_topic)) - 1
        warning = ''
        if others > 0:
            warning = (
                f'{self._list_topic} has {others + 1} publishers: give each bridge a '
                'humans_namespace of its own'
            )
            self._log.warning('shared', warning)
        elif self._now() - self._last_result > self._keep:
            topic = self._results.topic_name
            warning = 'no result arrives' + missing_messages(
                topic,
                RESULT_TYPE,
                self._results.qos_profile,
                self.get_publishers_info_by_topic(topic),
            )
        values = {
            'results': self._result_count,
            'images': self._received,
            'image topic': self._camera.topic,
            'faces': len(self._topics),
            'list': self._list_topic,
        }
        return self._status.report(warning, values)

    def _forget(self, numbers: list[int]) -> None:
        for number in numbers:
            self._topics.pop(number).destroy()

    def _publish_list(self, header: Header) -> None:
        self._list.publish(
            self._hri.IdsList(
                header=header, ids=[face_id(number) for number in self._tracked.numbers]
            )
        )


def create() -> Ros4HriBridge:
    """Create the bridge.

    Raises:
        MissingMessagesError: hri_msgs is not installed.

    """
    return Ros4HriBridge(load_messages('hri_msgs', 'IdsList', 'the ROS4HRI bridge'))


def serve(node: Ros4HriBridge, executable: Executable) -> int:
    """Run the bridge until a signal comes; return the exit code."""
    executable.spin()
    return 0


def main(stopped: StopSignal, arguments: Sequence[str] | None = None) -> int:
    """Run the bridge until it is ``stopped``; return the exit code, 1 without hri_msgs."""
    return run('ros4hri_bridge', create, serve, stopped, arguments)
