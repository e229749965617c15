# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Motion of the camera between successive images."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Width and height of the compared images in pixels, whatever the size of the original
SIZE = (80, 60)
WINDOW = cv2.createHanningWindow(SIZE, cv2.CV_32F)
# The camera stands still if at least half of the pixels differ by at most STILL grey levels.
STILL = 1
# A shift is plausible if it multiplies the median difference of the pixels by at most EXPLAINED,
# and moves the image by at most LARGEST of its sides.
EXPLAINED = 0.5
LARGEST = 0.6


class CameraMotion:
    """Estimates the shift of the image by pan and tilt of the camera.

    It is the camera motion compensation of BoT-SORT (Aharon et al. 2022) reduced to a
    translation, which phase correlation (Kuglin and Hines 1975) finds. People who move in front
    of a still camera are not mistaken for its motion while they cover less than half of the
    image.

    >>> motion = CameraMotion()
    >>> cells = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
    >>> image = cells.repeat(8, axis=0).repeat(8, axis=1)
    >>> motion.shift(image)
    (0.0, 0.0)
    >>> x, y = motion.shift(np.roll(image, 80, axis=1))
    >>> round(x), round(y)
    (80, 0)
    """

    def __init__(self) -> None:
        """Start without a previous image."""
        self._previous: NDArray[np.uint8] | None = None

    def shift(self, image: NDArray[np.uint8]) -> tuple[float, float]:
        """Return by how many pixels (x, y) the scene has moved since the previous image.

        ``image``: u8 [H, W, 3] BGR or [H, W] gray. The result is (0, 0) for the first image, and
        if no shift explains most of the change. Shifts below 1/160 of the width are not noticed.
        """
        previous, self._previous = self._previous, _reduced(image)
        if previous is None:
            return 0.0, 0.0
        x, y = _shift(previous, self._previous)
        height, width = image.shape[:2]
        return x * width / SIZE[0], y * height / SIZE[1]


def _reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``image`` in gray at SIZE."""
    # Linear interpolation reads four pixels per result, which makes it faster than an average.
    small = cv2.resize(image, SIZE, interpolation=cv2.INTER_LINEAR)
    gray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return np.asarray(gray, dtype=np.uint8)


def _shift(previous: NDArray[np.uint8], image: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the shift (x, y) of ``image``; (0, 0) if none explains most of the change."""
    change = cv2.absdiff(previous, image)
    if 2 * np.count_nonzero(change > STILL) <= change.size:
        return 0.0, 0.0
    (x, y), _ = cv2.phaseCorrelate(previous.astype(np.float32), image.astype(np.float32), WINDOW)
    column, row = round(x), round(y)
    too_far = abs(column) > LARGEST * SIZE[0] or abs(row) > LARGEST * SIZE[1]
    if too_far:
        return 0.0, 0.0
    rest = _difference(previous, image, column, row)
    return (x, y) if np.median(rest) <= EXPLAINED * np.median(change) else (0.0, 0.0)


def _difference(
    previous: NDArray[np.uint8], image: NDArray[np.uint8], x: int, y: int
) -> NDArray[np.uint8]:
    """Return the absolute difference of ``image`` and ``previous`` moved by (x, y) pixels."""
    rows, columns = image.shape
    before = previous[max(-y, 0) : rows - max(y, 0), max(-x, 0) : columns - max(x, 0)]
    after = image[max(y, 0) : rows + min(y, 0), max(x, 0) : columns + min(x, 0)]
    return np.asarray(cv2.absdiff(before, after), dtype=np.uint8)
