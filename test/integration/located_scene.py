# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A face in front of a calibrated camera, with depth images."""

from __future__ import annotations

from typing import Any

from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Robot
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

FOCAL, CENTRE_X, CENTRE_Y = 525.0, 319.5, 239.5
DISTANCE = 1.25  # metres


class Scene:
    """Eileen Collins at ``DISTANCE`` from a calibrated camera; all topics at 15 Hz."""

    def __init__(self, robot: Robot) -> None:
        self.camera = Camera(robot, '/image/compressed', CompressedImage)
        self.info = calibrated()
        self.depth: Image | None = None
        self._infos = robot.node.create_publisher(CameraInfo, '/camera_info', 1)
        self._depths = robot.node.create_publisher(Image, '/depth_image', 1)
        self._jpeg = jpeg_image(demo_jpegs()[COLLINS])
        robot.node.create_timer(1 / 15, self._send)

    def _send(self) -> None:
        header = self.camera.send(self._jpeg)
        self.info.header = header
        self._infos.publish(self.info)
        if self.depth is not None:
            self.depth.header = header
            self._depths.publish(self.depth)


def calibrated(**change: Any) -> CameraInfo:
    k = [FOCAL, 0.0, CENTRE_X, 0.0, FOCAL, CENTRE_Y, 0.0, 0.0, 1.0]
    fields = {'width': 640, 'height': 480, 'distortion_model': 'plumb_bob', 'd': [0.0] * 5, 'k': k}
    return CameraInfo(**{**fields, **change})


def depth_image(values: Any, encoding: str, kind: str) -> Image:
    array = np.asarray(values).astype(kind)
    height, width = array.shape
    return Image(
        encoding=encoding,
        width=width,
        height=height,
        step=width * array.itemsize,
        data=array.tobytes(),
    )


def millimetres(value: float, width: int = 640, height: int = 480) -> Image:
    return depth_image(np.full((height, width), value), '16UC1', '<u2')
