# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Scaled decoding of JPEG: choice of the reduction, and flags of the decoder."""

from __future__ import annotations

from typing import Any

import cv2

from face_affect.core.image_header import image_format, image_size

# Reduction -> flags of ``cv2.imdecode`` that keep the file's own channels
DECODING_FLAGS = {
    1: cv2.IMREAD_ANYCOLOR,
    2: cv2.IMREAD_ANYCOLOR | cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_ANYCOLOR | cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_ANYCOLOR | cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def reduction_of(message: Any, needed_side: float) -> int:
    """Return the divisor of width and height with which to decode an image: 1, 2, 4 or 8.

    It is 1 except for JPEG, which libjpeg decodes faster at a smaller scale. It divides both sides
    without remainder, so that coordinates at full size are decoded coordinates times the divisor.

    Args:
        message: has the attributes of sensor_msgs Image or CompressedImage, in any ROS library.
        needed_side: minimum longer side of the decoded image in pixels; infinity: no reduction.

    """
    if hasattr(message, 'encoding'):
        return 1
    data = bytes(message.data)
    if image_format(data) != 'JPEG':
        return 1
    try:
        sides = image_size(data, 'JPEG')
    except ValueError:  # The decoder raises the error that is counted.
        return 1
    return max(
        reduction
        for reduction in DECODING_FLAGS
        if reduction == 1
        or (max(sides) / reduction >= needed_side and not any(side % reduction for side in sides))
    )
