# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face crops: classifier inputs cut out by the geometry in the sidecar."""

from __future__ import annotations

from collections.abc import Sequence
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box
from face_affect.core.models import CropGeometry


def crop_square(box: Box, geometry: CropGeometry) -> Box:
    """Return the square region of the crop, in pixels of the image."""
    size = math.sqrt(box.area)
    side = geometry.scale * size
    x, y = box.centre
    return Box(x + geometry.dx * size - side / 2, y + geometry.dy * size - side / 2, side, side)


def crop_face(
    image: NDArray[np.uint8], box: Box, geometry: CropGeometry, size: int
) -> NDArray[np.uint8]:
    """Crop a face to u8 [size, size] gray.

    ``image`` is u8 [H, W, 3] BGR or [H, W] gray. Outside the image the border is replicated,
    as in training.
    """
    (crop,) = crop_views(image, box, [(geometry, size)])
    return crop


def crop_views(
    image: NDArray[np.uint8], box: Box, views: Sequence[tuple[CropGeometry, int]]
) -> list[NDArray[np.uint8]]:
    """Crop one face for several networks, each with its geometry and size; see crop_face."""
    squares = [crop_square(box, geometry) for geometry, _ in views]
    # Bilinear sampling aliases where the face is more than twice the input: reduce by area first.
    ratios = [square.width / size for square, (_, size) in zip(squares, views)]
    reduction = max(1, min(math.floor(min(ratios)), *image.shape[:2]))
    if len(views) > 1 and max(ratios) > 2 * reduction:
        return [crop for view in views for crop in crop_views(image, box, [view])]
    patch = _Patch(image, squares, reduction)
    return [patch.warped(square, size) for square, (_, size) in zip(squares, views)]


class _Patch:
    """A region of the image in gray, reduced by an integer factor."""

    def __init__(self, image: NDArray[np.uint8], squares: Sequence[Box], reduction: int) -> None:
        """Cut out the union of ``squares``."""
        cut, left, top = _cut(image, squares, margin=reduction + 1)
        if cut.ndim == 3:
            cut = cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY)
        if reduction > 1:
            # Cells that contain only border replicate it unchanged, and no incomplete cell at
            # the right or bottom cuts image pixels off.
            cut = cv2.copyMakeBorder(
                cut, reduction, 2 * reduction, reduction, 2 * reduction, cv2.BORDER_REPLICATE
            )
            left, top = left - reduction, top - reduction
            height, width = cut.shape[0] // reduction, cut.shape[1] // reduction
            cut = cv2.resize(
                cut[: height * reduction, : width * reduction],
                (width, height),
                interpolation=cv2.INTER_AREA,
            )
        self._pixels, self._left, self._top = cut, left, top
        self._reduction = reduction

    def warped(self, square: Box, size: int) -> NDArray[np.uint8]:
        """Return the content of ``square`` as u8 [size, size]."""
        zoom = size * self._reduction / square.width
        # Pixel centres are at half integers: u = (x - square.x) * size / side.
        shift_x = ((self._left - square.x) / self._reduction + 0.5) * zoom - 0.5
        shift_y = ((self._top - square.y) / self._reduction + 0.5) * zoom - 0.5
        matrix = np.array([[zoom, 0, shift_x], [0, zoom, shift_y]])
        return cv2.warpAffine(
            self._pixels,
            matrix,
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )


def _cut(
    image: NDArray[np.uint8], squares: Sequence[Box], margin: int
) -> tuple[NDArray[np.uint8], int, int]:
    """Return a view of ``image`` around ``squares``, at least one pixel, and its left and top."""
    height, width = image.shape[:2]
    left = math.floor(min(square.x for square in squares)) - margin
    top = math.floor(min(square.y for square in squares)) - margin
    right = math.ceil(max(square.x + square.width for square in squares)) + margin
    bottom = math.ceil(max(square.y + square.height for square in squares)) + margin
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    right, bottom = max(min(right, width), left + 1), max(min(bottom, height), top + 1)
    return image[top:bottom, left:right], left, top
