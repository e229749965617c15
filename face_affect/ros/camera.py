# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A camera for everyone: a webcam, a network stream, a video or pictures as a ROS camera."""

from __future__ import annotations

from dataclasses import dataclass
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.parameters import parameter, ParameterGroup
from face_affect.media import Frame, Media, MediaError, open_media
from face_affect.ros.calibration import CalibrationFileError, read_calibration
from face_affect.ros.conversions import image_to_compressed_message, image_to_message
from face_affect.ros.declaration import declare
from face_affect.ros.rate_limiter import RateLimiter

EXIT_FAILED = 1


@dataclass(frozen=True)
class CameraParameters(ParameterGroup):
    """The camera's parameters."""

    source: str = parameter(
        '0',
        'a camera number, /dev/videoN, a stream address (rtsp://, http://), a video file, a '
        'picture or a folder of pictures',
    )
    frame_id: str = parameter('camera_optical_frame', "the camera's optical frame (REP-103)")
    rate: float = parameter(
        0.0,
        "images per second; 0: the source's own rate. A live source cannot go faster",
        low=0.0,
        high=1000.0,
    )
    loop: bool = parameter(False, 'start again at the end of a video')
    compressed: bool = parameter(
        False, 'publish JPEG on image_raw/compressed instead of image_raw'
    )
    calibration: str = parameter(
        '', 'YAML file of camera_calibration; empty: the camera is not calibrated'
    )


class CameraError(Exception):
    """The camera cannot go on; the message says why."""


class CameraNode(Node):
    """Publishes image_raw, or image_raw/compressed, and camera_info with the same header."""

    def __init__(self, **kwargs: Any) -> None:
        """Read the parameters and the calibration, and open the source.

        Raises:
            CalibrationFileError: the calibration cannot be used.
            MediaError: the source does not open.
            ValueError: a parameter has a wrong value.

        """
        super().__init__('camera', automatically_declare_parameters_from_overrides=True, **kwargs)
        self._camera = declare(self, CameraParameters, fixed=True)
        # All zeros is how CameraInfo says that the camera is not calibrated.
        file = self._camera.calibration
        self._calibration = read_calibration(file) if file else CameraInfo()
        self._source: Media = open_media(self._camera.source)
        self._limit = RateLimiter()
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

    def run(self) -> None:
        """Publish until the end.

        Raises:
            CameraError: a live source ended, or images do not fit the calibration.
            ExternalShutdownException: the context was shut down.
            MediaError: the source cannot be read.

        """
        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(self)
        while True:
            start = time.monotonic()
            for frame in self._source:
                # Between images, the node answers to whoever asks for parameters.
                executor.spin_once(timeout_sec=0)
                if self._source.live:
                    if self._limit.passes(self._camera.rate):
                        self._publish(frame)
                    continue
                due = start + frame.index / (self._camera.rate or self._source.rate)
                while (left := due - time.monotonic()) > 0:
                    executor.spin_once(timeout_sec=left)
                self._publish(frame)
            if self._source.live:
                raise CameraError('the source gives no more images')
            if not self._camera.loop:
                return

    def _publish(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        info = self._calibration
        if info.k[0] and (info.width, info.height) != (width, height):
            raise CameraError(
                f'the calibration is for {info.width}x{info.height} pixels, but '
                f'images have {width}x{height}'
            )
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._camera.frame_id)
        info.header, info.width, info.height = header, width, height
        self._images.publish(self._convert(frame.image, header))
        self._infos.publish(info)


def main(arguments: list[str] | None = None) -> int:
    """Run the camera until its end, SIGINT or SIGTERM; return the exit code."""
    rclpy.init(args=arguments)
    try:
        CameraNode().run()
    except (CameraError, CalibrationFileError, MediaError, ValueError) as error:
        rclpy.logging.get_logger('camera').fatal(str(error))
        return EXIT_FAILED
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:
        # A signal shuts the context down, whatever is just being published.
        if rclpy.ok():
            raise
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
