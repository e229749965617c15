# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Detection to network input, as the sidecar says."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box
from face_affect.core.models import CropGeometry


def crop_square(box: Box, geometry: CropGeometry) -> Box:
    """Return the square of the image that the network is to see."""
    size = math.sqrt(box.area)
    side = geometry.scale * size
    x, y = box.centre
    return Box(x + geometry.dx * size - side / 2, y + geometry.dy * size - side / 2, side, side)


def crop_face(
    image: NDArray[np.uint8], box: Box, geometry: CropGeometry, size: int
) -> NDArray[np.uint8]:
    """Cut a face out as u8 [size, size] gray.

    ``image`` is u8 [H, W, 3] BGR or [H, W] gray. What lies beyond its border
    repeats the border's pixels, as in training.
    """
    square = crop_square(box, geometry)
    # Bilinear sampling skips pixels where the face is more than twice the input:
    # shrink the cut-out by area first.
    reduction = max(1, min(math.floor(square.width / size), *image.shape[:2]))
    cut, left, top = _cut(image, square, margin=reduction + 1)
    if cut.ndim == 3:
        cut = cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY)
    if reduction > 1:
        # Cells of nothing but border, so that it is repeated as it is and none is lost.
        cut = cv2.copyMakeBorder(cut, reduction, 2 * reduction, reduction, 2 * reduction,
                                 cv2.BORDER_REPLICATE)
        left, top = left - reduction, top - reduction
        height, width = cut.shape[0] // reduction, cut.shape[1] // reduction
        cut = cv2.resize(cut[:height * reduction, :width * reduction], (width, height),
                         interpolation=cv2.INTER_AREA)
    zoom = size * reduction / square.width
    # Pixel centres stand at half integers: u = (x - square.x) * size / side.
    shift_x = ((left - square.x) / reduction + 0.5) * zoom - 0.5
    shift_y = ((top - square.y) / reduction + 0.5) * zoom - 0.5
    matrix = np.array([[zoom, 0, shift_x], [0, zoom, shift_y]])
    return cv2.warpAffine(cut, matrix, (size, size), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)


def _cut(
    image: NDArray[np.uint8], square: Box, margin: int
) -> tuple[NDArray[np.uint8], int, int]:
    """Return a view around ``square``, at least a pixel, and its top left corner."""
    height, width = image.shape[:2]
    left = min(max(math.floor(square.x) - margin, 0), width - 1)
    top = min(max(math.floor(square.y) - margin, 0), height - 1)
    right = max(min(math.ceil(square.x + square.width) + margin, width), left + 1)
    bottom = max(min(math.ceil(square.y + square.height) + margin, height), top + 1)
    return image[top:bottom, left:right], left, top
