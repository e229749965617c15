# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""CameraInfo as the calibration of its images."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest

from face_affect.core.camera_model import CameraModel
from face_affect.ros.face_localiser import camera_model, FaceLocaliser, MEMORY
from face_affect.ros.parameters import LocalisationParameters

K = [500.0, 0.0, 319.5, 0.0, 480.0, 239.5, 0.0, 0.0, 1.0]
P = [400.0, 0.0, 310.0, -40.0, 0.0, 400.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def model(rectified: bool = False, **change: Any) -> CameraModel:
    fields = {
        'width': 640,
        'height': 480,
        'distortion_model': 'plumb_bob',
        'd': [-0.3, 0.1, 0.0, 0.0, 0.0],
        'k': K,
        'p': P,
    }
    return camera_model(CameraInfo(**{**fields, **change}), rectified)


def test_raw_image() -> None:
    assert model() == CameraModel(640, 480, tuple(K), 'plumb_bob', (-0.3, 0.1, 0, 0, 0))


def test_rectified_image_has_no_distortion_left() -> None:
    assert model(rectified=True) == CameraModel(
        640, 480, (400, 0, 310, 0, 400, 230, 0, 0, 1), 'plumb_bob', ()
    )


def test_binning_keeps_the_field_of_view() -> None:
    binned = model(binning_x=2, binning_y=2)
    assert (binned.width, binned.height) == (320, 240)
    for x, y in ((0, 0), (100, 200), (320, 240)):
        np.testing.assert_allclose(binned.bearing(x, y), model().bearing(2 * x, 2 * y), atol=1e-12)


def test_a_region_of_interest_has_part_of_the_field_of_view() -> None:
    part = model(roi=RegionOfInterest(x_offset=100, y_offset=50, width=200, height=150))
    assert (part.width, part.height) == (200, 150)
    np.testing.assert_allclose(part.bearing(10, 20), model().bearing(110, 70), atol=1e-12)


def test_kept_depth_images_are_bounded() -> None:
    node = Mock()
    localiser = FaceLocaliser(node, LocalisationParameters(publish_position=True), Mock())
    receive = node.create_subscription.call_args.args[2]
    for number in range(6):
        image = Image(data=bytes(MEMORY // 4))
        image.header.stamp.sec = number
        receive(serialize_message(image))
    assert [image.header.stamp.sec for image in localiser._depths] == [2, 3, 4, 5]
