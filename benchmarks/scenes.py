# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Test images: the room of the demo bag with a given number of people."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tracking.people import demo_people
from benchmarks.tracking.stage import Actor, HEIGHT, Scene, WIDTH

# Face widths in pixels of 640x480: of a single person, and the minimum in a crowd
NEAREST, CROWD = 110.0, 46.0


def crowd(faces: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Return an image u8 [height, width, 3] BGR of ``faces`` people."""
    rows = math.ceil(math.sqrt(faces / 1.5)) if faces > 4 else 1
    columns = math.ceil(faces / max(rows, 1))
    size = max(CROWD, NEAREST / math.sqrt(max(columns, 1)))
    actors, people = [], demo_people()
    for i in range(faces):
        row, column = divmod(i, columns)
        x = WIDTH * (column + 0.5) / columns
        y = HEIGHT * (0.42 if rows == 1 else 0.15 + 0.75 * row / rows)
        # Front rows are slightly larger: the nearer people are drawn over the others.
        position = (x, y, size + row)
        actors.append(Actor(i % len(people), ((0.0, *position), (1.0, *position))))
    picture = Scene(tuple(actors), 1.0, people=people).image(0.0)
    return _fitted(picture, width, height)


def _fitted(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize ``picture`` to fit with its aspect ratio; replicate the border elsewhere."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    if scale != 1:
        picture = np.asarray(
            cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8
        )
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return np.asarray(
        cv2.copyMakeBorder(
            picture,
            top,
            height - size[1] - top,
            left,
            width - size[0] - left,
            cv2.BORDER_REPLICATE,
        ),
        dtype=np.uint8,
    )
