# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face crops: classifier inputs cut out by the geometry in the sidecar."""

from __future__ import annotations

import cmath
from collections.abc import Sequence
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, Detection
from face_affect.core.models import CropGeometry

# Crops are levelled from this roll in degrees. Below it, the error of the estimate, 5 to 9
# degrees, costs small upright faces more accuracy than levelling gains.
LEVEL_FROM = 15.0
# The landmarks of face_detector follow only two thirds of a roll, since most training faces are
# upright; see docs/experiments/2026-11-28-levelled-crops.md.
ROLL_GAIN = 1.5
# Right eye, left eye, nose and corners of the mouth of an upright face, x + iy from their centre:
# proportions of the template of ArcFace (Deng et al. 2019), made symmetric.
UPRIGHT = -18 - 20j, 18 - 20j, 0j, -15 + 20j, 15 + 20j


def roll_of(detection: Detection) -> float:
    """Return the estimated roll of a face in degrees, -180..180, clockwise in the image.

    It is the detection's base roll, plus ROLL_GAIN times the rotation of the least-squares
    similarity transform from the landmarks of a face with the base roll (Umeyama 1991). Without
    five landmarks it is the base roll.
    """
    if len(detection.landmarks) != len(UPRIGHT):
        return math.remainder(detection.base_roll, 360)
    pairs = zip(UPRIGHT, detection.landmarks)
    turn = sum(upright.conjugate() * complex(*found) for upright, found in pairs)
    rest = math.degrees(cmath.phase(turn * _turn(-detection.base_roll)))
    return math.remainder(detection.base_roll + ROLL_GAIN * rest, 360)


def level_roll(detection: Detection) -> float:
    """Return the roll by which the crop of a face is levelled: 0 below LEVEL_FROM degrees."""
    roll = roll_of(detection)
    return roll if abs(roll) >= LEVEL_FROM else 0.0


def crop_square(box: Box, geometry: CropGeometry, roll: float = 0.0) -> Box:
    """Return the square of the crop, in pixels of the image, before it is rotated by ``roll``.

    ``roll``: degrees, clockwise in the image; the square is rotated about its centre.
    """
    size = math.sqrt(box.area)
    side = geometry.scale * size
    x, y = box.centre
    shift = complex(geometry.dx, geometry.dy) * size * _turn(roll)
    return Box(x + shift.real - side / 2, y + shift.imag - side / 2, side, side)


def _turn(roll: float) -> complex:
    """Return the rotation by ``roll`` degrees as a complex number; exactly 1 for 0."""
    return cmath.rect(1, math.radians(roll))


def crop_face(
    image: NDArray[np.uint8], box: Box, geometry: CropGeometry, size: int, roll: float = 0.0
) -> NDArray[np.uint8]:
    """Crop a face to u8 [size, size] gray.

    ``image`` is u8 [H, W, 3] BGR or [H, W] gray. Outside the image the border is replicated,
    as in training. A face with ``roll``, in degrees clockwise in the image, is level in the crop.
    """
    (crop,) = crop_views(image, box, [(geometry, size)], roll)
    return crop


def crop_views(
    image: NDArray[np.uint8],
    box: Box,
    views: Sequence[tuple[CropGeometry, int]],
    roll: float = 0.0,
) -> list[NDArray[np.uint8]]:
    """Crop one face for several networks, each with its geometry and size; see crop_face."""
    squares = [crop_square(box, geometry, roll) for geometry, _ in views]
    # Bilinear sampling aliases where the face is more than twice the input: reduce by area first.
    ratios = [square.width / size for square, (_, size) in zip(squares, views)]
    reduction = max(1, min(math.floor(min(ratios)), *image.shape[:2]))
    if len(views) > 1 and max(ratios) > 2 * reduction:
        return [crop for view in views for crop in crop_views(image, box, [view], roll)]
    patch = _Patch(image, [_bounds(square, roll) for square in squares], reduction)
    return [patch.warped(square, size, roll) for square, (_, size) in zip(squares, views)]


def _bounds(square: Box, roll: float) -> Box:
    """Return the upright square around ``square``, rotated by ``roll`` degrees."""
    turn = _turn(roll)
    side = square.width * (abs(turn.real) + abs(turn.imag))
    margin = (side - square.width) / 2
    return Box(square.x - margin, square.y - margin, side, side)


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

    def warped(self, square: Box, size: int, roll: float) -> NDArray[np.uint8]:
        """Return the content of ``square``, rotated by ``roll`` degrees, as u8 [size, size]."""
        zoom = size * self._reduction / square.width
        # Pixel centres are at half integers: u = (x - square.x) * size / side.
        corner = complex(
            ((self._left - square.x) / self._reduction + 0.5) * zoom - size / 2,
            ((self._top - square.y) / self._reduction + 0.5) * zoom - size / 2,
        )
        back = _turn(-roll)
        shift = corner * back + complex(size, size) / 2 - complex(0.5, 0.5)
        matrix = np.array(
            [
                [zoom * back.real, -zoom * back.imag, shift.real],
                [zoom * back.imag, zoom * back.real, shift.imag],
            ]
        )
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
