# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A detector of white squares, and images of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, Detection


class WhiteSquares:
    """Finds white squares of 12 pixels and more in its input of 320x240."""

    name = 'white squares'
    input_size = (320, 240)

    def __init__(self) -> None:
        self.looks: list[tuple[int, ...]] = []

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        self.looks.append(image.shape)
        scale = min(320 / image.shape[1], 240 / image.shape[0], 1.0)
        rows, columns = np.nonzero(image[..., 0] == 255)
        if not len(rows) or np.ptp(rows) * scale < 11:
            return []
        box = Box(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        return [Detection(box, 0.9, ((box.x, box.y),))]


def image_with(
    x: int, y: int, size: int = 16, shape: Sequence[int] = (720, 1280, 3)
) -> NDArray[np.uint8]:
    image = np.zeros(shape, np.uint8)
    image[y : y + size, x : x + size] = 255
    return image
