# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Camera node: publish a webcam, a network stream, a video or image files."""

from __future__ import annotations

from collections.abc import Sequence
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.images import ImageError
from face_affect.core.pictures import Picture
from face_affect.core.stamps import SECOND
from face_affect.core.text import printable
from face_affect.media import Media, MediaError, open_media
from face_affect.ros.calibration import read_calibration
from face_affect.ros.conversions import image_to_compressed_message, image_to_message
from face_affect.ros.declaration import declare, unlogged
from face_affect.ros.diagnostics import ProgramStatus, publish_diagnostics
from face_affect.ros.executable import Executable, run
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.parameters import CameraParameters
from face_affect.ros.rate_limiter import RateLimiter
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.signals import EXIT_FAILED, StopSignal


class CameraError(Exception):
    """Publishing had to stop; the message says why."""


class CameraNode(Node):
    """Publishes image_raw or image_raw/compressed, and camera_info with the same header."""

    def __init__(self, **kwargs: Any) -> None:
        """Read the parameters and the calibration, and open the source.

        Raises:
            CalibrationFileError: the calibration is missing or invalid.
            MediaError: the source does not open.
            ValueError: a parameter has an invalid value.

        """
        with unlogged():
            super().__init__(
                'camera', automatically_declare_parameters_from_overrides=True, **kwargs
            )
        self._log = ThrottledLog(self.get_logger())
        self.faults = Faults(self._log)
        self._camera = declare(self, CameraParameters, fixed=True)
        # By its definition, a CameraInfo of zeros means that the camera is not calibrated.
        file = self._camera.calibration
        self._calibration = read_calibration(file) if file else CameraInfo()
        self._source: Media = open_media(self._camera.source, self._wait)
        self._limit = RateLimiter()
        self._published = self._dropped = 0
        self._problem = ''
        self._status = ProgramStatus(self, 'camera', self.faults)
        qos = QoSProfile(depth=1)
        self._convert = (
            image_to_compressed_message if self._camera.compressed else image_to_message
        )
        self._images = self.create_publisher(
            CompressedImage if self._camera.compressed else Image,
            'image_raw/compressed' if self._camera.compressed else 'image_raw',
            qos,
        )
        self._infos = self.create_publisher(CameraInfo, 'camera_info', qos)
        self.get_logger().info(f'{self._camera.source} on {self._images.topic_name}')
        publish_diagnostics(self, self.diagnose)

    def publish_until_end(self, executable: Executable) -> None:
        """Publish until the source ends or the executable is stopped.

        Raises:
            CameraError: the image size differs from that of the calibration.
            MediaError: the source cannot be read.

        """
        self._executable = executable
        start = time.monotonic()
        while True:
            end = 0.0
            for index, picture in enumerate(self._source):
                if self._source.live:
                    # Serve requests between images.
                    executable.spin_until(0.0)
                else:
                    rate = self._camera.rate
                    due = index / rate if rate else picture.stamp / SECOND
                    executable.spin_until(start + due)
                    # Due time of the first image of the next repetition
                    end = due + 1 / (rate or self._source.rate)
                if executable.stopped:
                    return
                self._publish_picture(picture)
            if executable.stopped:
                return
            if not self._published:
                raise MediaError(f'cannot decode any image of {self._camera.source}')
            start += end
            if not self._camera.loop or self._source.live:
                return

    def _wait(self, seconds: float) -> bool:
        """Serve requests for ``seconds``; return whether to stop."""
        self._executable.spin_until(time.monotonic() + seconds)
        return bool(self._executable.stopped)

    def _publish_picture(self, picture: Picture) -> None:
        try:
            image = picture.decode()
        except ImageError as error:
            self._dropped += 1
            self._problem = str(error)
            self._log.warning(error.reason, f'image dropped ({self._dropped} so far): {error}')
            return
        if not self._source.live or self._limit.passes(self._camera.rate):
            self._publish(image)

    def _publish(self, image: NDArray[np.uint8]) -> None:
        height, width = image.shape[:2]
        info = self._calibration
        if info.k[0] and (info.width, info.height) != (width, height):
            raise CameraError(
                f'the calibration is for {info.width}x{info.height} pixels, but images have '
                f'{width}x{height}; calibrate the camera at the size of its images'
            )
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._camera.frame_id)
        info.header, info.width, info.height = header, width, height
        self._images.publish(self._convert(image, header))
        self._infos.publish(info)
        self._published += 1
        self._problem = ''

    def diagnose(self) -> DiagnosticStatus:
        """Return the status: WARN after a dropped image, until one is published."""
        values = {
            'source': self._camera.source,
            'topic': self._images.topic_name,
            'images published': self._published,
            'images dropped': self._dropped,
        }
        return self._status.report(self._problem, values)


def serve(node: CameraNode, executable: Executable) -> int:
    """Publish until the source ends or a signal comes; return the exit code."""
    try:
        node.publish_until_end(executable)
    except (CameraError, MediaError) as error:
        node.get_logger().fatal(printable(error))
        return EXIT_FAILED
    return 0


def main(stopped: StopSignal, arguments: Sequence[str] | None = None) -> int:
    """Run the camera until its source ends or it is ``stopped``; return the exit code."""
    return run('camera_node', CameraNode, serve, stopped, arguments)
