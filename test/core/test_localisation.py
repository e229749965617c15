# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Where faces are: bearing by the calibration, position by the depth image."""

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.camera_model import CalibrationError, CameraModel
from face_affect.core.depth import DepthImage
from face_affect.core.faces import Box, Detection, Face, FrameResult
from face_affect.core.images import ImageError
from face_affect.core.localisation import locate

CAMERA = CameraModel(640, 480, (500.0, 0.0, 319.5, 0.0, 500.0, 239.5, 0.0, 0.0, 1.0))


def result(*boxes: Box) -> FrameResult:
    return FrameResult(
        1.0,
        640,
        480,
        tuple(Face(number, Detection(box, 0.9), 0.0, 1) for number, box in enumerate(boxes, 1)),
    )


def depth(metres: float, width: int = 640, height: int = 480) -> DepthImage:
    return DepthImage(np.full((height, width), metres, np.float32), 1.0)


def test_nobody_needs_no_place() -> None:
    assert locate(result(), CAMERA, depth(2.0)).faces == ()


def test_bearing_of_each_face() -> None:
    ahead, right = locate(result(Box(300, 220, 40, 40), Box(550, 220, 40, 40)), CAMERA).faces
    assert ahead.location is not None and right.location is not None
    assert ahead.location.bearing == pytest.approx((0, 0, 1))
    assert right.location.bearing == pytest.approx(
        (np.sin(np.arctan(0.5)), 0, np.cos(np.arctan(0.5)))
    )
    assert ahead.location.position is None


def test_depth_is_along_the_axis_not_along_the_ray() -> None:
    (face,) = locate(result(Box(550, 420, 40, 40)), CAMERA, depth(2.0)).faces
    assert face.location is not None
    assert face.location.position == pytest.approx((1.0, 0.8, 2.0))
    assert np.cross(face.location.position, face.location.bearing) == pytest.approx([0, 0, 0])


def test_invalid_depth_leaves_the_bearing() -> None:
    (face,) = locate(result(Box(300, 220, 40, 40)), CAMERA, depth(float('nan'))).faces
    assert face.location is not None
    assert face.location.position is None


def test_calibration_for_another_size_is_refused() -> None:
    camera = CameraModel(1280, 960, CAMERA.matrix)
    with pytest.raises(CalibrationError, match='1280x960 pixels, but they have 640x480'):
        locate(result(), camera)


def test_depth_image_of_another_size_is_refused() -> None:
    with pytest.raises(ImageError, match='320x240 pixels, but the image 640x480') as error:
        locate(result(), CAMERA, depth(2.0, 320, 240))
    assert error.value.reason == 'depth_size'
