# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Films of one picture: a simulated camera that sways, with sensor noise, or pans."""

from __future__ import annotations

from collections.abc import Iterator
import math

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (640, 480)  # pixels of the camera's image
NOISE = 3.0  # grey levels, standard deviation
SWAY = 1.5  # pixels, amplitude
PERIODS = (0.63, 0.84)  # seconds, horizontal and vertical
# A camera that pans over a scene sees this part of its width and height at a time.
VIEW = 0.625


def sway(
    image: NDArray[np.uint8], frames: int, rate: float
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Yield images u8 [H, W, 3] BGR of ``image`` at ``rate`` Hz, and the shift of each.

    The shift, [2] pixels across and down, is at most SWAY.
    """
    rng = np.random.default_rng(0)
    for number in range(frames):
        angles = 2 * math.pi * number / rate / np.array(PERIODS)
        shift = SWAY * np.sin(angles)
        matrix = np.hstack([np.eye(2), shift[:, None]])
        moved = cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        noise = rng.normal(0, NOISE, moved.shape).astype(np.float32)
        yield np.clip(moved + noise, 0, 255).astype(np.uint8), shift


def pan(image: NDArray[np.uint8], frames: int) -> Iterator[NDArray[np.uint8]]:
    """Yield images of SIZE, u8 [H, W, 3] BGR, from one corner of ``image`` to the opposite."""
    zoom = max(SIZE[0] / image.shape[1], SIZE[1] / image.shape[0]) / VIEW
    large = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    ways = [long - short for long, short in zip(large.shape[1::-1], SIZE)]
    for part in np.linspace(0, 1, frames):
        x, y = (round(part * way) for way in ways)
        yield np.asarray(large[y : y + SIZE[1], x : x + SIZE[0]], dtype=np.uint8)
