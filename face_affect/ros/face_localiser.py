# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Locate faces in space by CameraInfo and depth images from ROS topics."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
import threading

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data, QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from face_affect.core.camera_model import CalibrationError, CameraModel
from face_affect.core.depth import decode_depth, DepthImage
from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.localisation import locate
from face_affect.core.stamps import to_seconds
from face_affect.ros.cdr import CdrImage, read_image, unpack
from face_affect.ros.parameters import LocalisationParameters

DEPTH_IMAGES = 10  # queued: the depth image of an image may come earlier or later
MEMORY = 64 << 20  # maximum bytes of queued depth images
MAX_DEPTH_OFFSET = 0.1  # seconds between the stamps of an image and its depth image


def camera_model(info: CameraInfo, rectified: bool) -> CameraModel:
    """Return the camera model of ``info``, including region of interest and binning.

    ``rectified``: for rectified images, by P and without distortion; otherwise by K and D.

    Raises:
        CalibrationError: the camera is not calibrated, or its distortion model is unknown.

    """
    p, k = info.p, info.k
    matrix = (p[0], p[1], p[2], p[4], p[5], p[6], p[8], p[9], p[10]) if rectified else tuple(k)
    bin_x, bin_y = max(info.binning_x, 1), max(info.binning_y, 1)
    # Pixel centres have integer coordinates, so scaling is about (-0.5, -0.5).
    fx, skew, cx, _, fy, cy, *rest = map(float, matrix)
    scaled = (
        fx / bin_x,
        skew / bin_x,
        (cx - info.roi.x_offset + 0.5) / bin_x - 0.5,
        0.0,
        fy / bin_y,
        (cy - info.roi.y_offset + 0.5) / bin_y - 0.5,
        *rest,
    )
    return CameraModel(
        (info.roi.width or info.width) // bin_x,
        (info.roi.height or info.height) // bin_y,
        scaled,
        'plumb_bob' if rectified else info.distortion_model,
        () if rectified else tuple(map(float, info.d)),
    )


def _model_or_error(info: CameraInfo, rectified: bool) -> CameraModel | CalibrationError:
    try:
        return camera_model(info, rectified)
    except CalibrationError as error:
        return error


class FaceLocaliser:
    """Subscribes to ``camera_info``, and for positions to ``depth_image``.

    Messages arrive on the executor's thread, ``locate`` is called on another; a lock guards the
    shared state. Each failure is counted in ``problems`` and passed to ``on_problem``; the faces
    then have no bearing, or no position.
    """

    def __init__(
        self,
        node: Node,
        parameters: LocalisationParameters,
        on_problem: Callable[[str, str], None],
    ) -> None:
        """Subscribe on ``node``.

        Args:
            node: subscribes to ``camera_info`` and ``depth_image``.
            parameters: the requested outputs, and whether images are rectified.
            on_problem: called with a keyword and a sentence.

        """
        self._lock = threading.Lock()
        self._problems: Counter[str] = Counter()
        self._node = node
        self._parameters = parameters
        self._on_problem = on_problem
        self._info: CameraInfo | None = None
        self._camera: CameraModel | CalibrationError | None = None
        self._depths: deque[CdrImage] = deque(maxlen=DEPTH_IMAGES)
        qos = QoSProfile(depth=1, reliability=qos_profile_sensor_data.reliability)
        # Raw: a malformed message must not end the process.
        self._subscriptions = [
            node.create_subscription(CameraInfo, 'camera_info', self._on_info, qos, raw=True)
        ]
        if parameters.needs_depth:
            self._subscriptions.append(
                node.create_subscription(Image, 'depth_image', self._on_depth, qos, raw=True)
            )

    def destroy(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    @property
    def problems(self) -> dict[str, int]:
        """The number of images whose faces were not located, by reason."""
        with self._lock:
            return dict(self._problems)

    def locate(self, result: FrameResult, header: Header) -> FrameResult:
        """Return ``result`` with the locations of its faces; ``header``: of its image."""
        if not result.faces:
            return result
        with self._lock:
            camera = self._camera
        if camera is None:
            self._note('no_camera_info', 'faces have no bearing: no CameraInfo has arrived')
            return result
        try:
            if isinstance(camera, CalibrationError):
                raise camera
            located = locate(result, camera)
        except CalibrationError as error:
            self._note('camera_info', f'faces have no bearing: {error}')
            return result
        try:
            depth = self._depth(header) if self._parameters.needs_depth else None
            return locate(result, camera, depth) if depth else located
        except ImageError as error:
            self._note(error.reason, f'faces have no position: {error}')
            return located

    def _depth(self, header: Header) -> DepthImage | None:
        stamp = to_seconds(header.stamp)
        with self._lock:
            depths = tuple(self._depths)
        nearest = min(
            depths,
            default=None,
            key=lambda image: abs(to_seconds(image.header.stamp) - stamp),
        )
        if nearest is None:
            raise ImageError('no_depth', 'no depth image has arrived')
        offset = abs(to_seconds(nearest.header.stamp) - stamp)
        if offset > MAX_DEPTH_OFFSET:
            raise ImageError(
                'no_depth',
                f'the stamp of the nearest depth image differs by {offset:.2f} s, expected at '
                f'most {MAX_DEPTH_OFFSET} s',
            )
        return decode_depth(
            nearest.data,
            nearest.encoding,
            nearest.width,
            nearest.height,
            nearest.step,
            bool(nearest.is_bigendian),
        )

    def _note(self, keyword: str, reason: str) -> None:
        with self._lock:
            self._problems[keyword] += 1
        self._on_problem(keyword, reason)

    def _on_info(self, data: bytes) -> None:
        try:
            info = unpack(data, CameraInfo)
        except ImageError as error:
            self._note('camera_info', f'CameraInfo dropped: {error}')
            return
        info.header = Header()
        if info == self._info:
            return  # It comes with every image and rarely changes.
        self._info = info
        camera = _model_or_error(info, self._parameters.rectified)
        with self._lock:
            self._camera = camera

    def _on_depth(self, data: bytes) -> None:
        try:
            image = read_image(data)
        except ImageError as error:
            self._note('depth_layout', f'depth image dropped: {error}')
            return
        with self._lock:
            self._depths.append(image)
            while len(self._depths) > 1 and sum(len(each.data) for each in self._depths) > MEMORY:
                self._depths.popleft()
