# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""How far away a face is, by a depth image that lies over the colour image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box
from face_affect.core.images import ImageError

# Encoding -> type of a value, metres a unit (REP-118)
_ENCODINGS: dict[str, tuple[str, float]] = {
    '16UC1': ('u2', 0.001),
    'mono16': ('u2', 0.001),
    '32FC1': ('f4', 1.0),
}
# The middle of the box, as a part of its width and height: beside it, the wall behind is seen.
MIDDLE = 0.5
# Metres; no camera measures farther
FARTHEST = 1000.0
# Part of the middle's pixels that must be valid
MIN_VALID = 0.1


@dataclass(frozen=True)
class DepthImage:
    """Depths along the optical axis: ``values`` [H, W], ``unit`` metres each."""

    values: NDArray[Any]
    unit: float

    def median(self, box: Box) -> float | None:
        """Return the median depth in the middle of ``box``, metres.

        Zero, NaN and more than FARTHEST are invalid. None if nine in ten pixels are, or
        if the middle is outside the image.
        """
        height, width = self.values.shape
        x, y = box.centre
        half_width, half_height = box.width * MIDDLE / 2, box.height * MIDDLE / 2
        left, right = max(0, int(x - half_width)), min(width, int(x + half_width) + 1)
        top, bottom = max(0, int(y - half_height)), min(height, int(y + half_height) + 1)
        if left >= right or top >= bottom:
            return None
        middle = self.values[top:bottom, left:right]
        valid = middle[(middle > 0) & (middle <= FARTHEST / self.unit)]
        if valid.size < MIN_VALID * middle.size:
            return None
        return float(np.median(valid)) * self.unit


def decode_depth(
    data: bytes | bytearray | memoryview,
    encoding: str,
    width: int,
    height: int,
    step: int,
    is_bigendian: bool = False,
) -> DepthImage:
    """Return a depth image as a view of ``data``.

    Args:
        data: the rows, ``step`` bytes each, as in sensor_msgs/Image.
        encoding: 16UC1 (or mono16) in millimetres, 32FC1 in metres.
        width: pixels.
        height: pixels.
        step: bytes from one row to the next, padding included.
        is_bigendian: whether values have their high byte first.

    Raises:
        ImageError: the encoding is not supported, or size, step and data do not fit together.

    """
    if encoding not in _ENCODINGS:
        raise ImageError(
            'depth_encoding',
            f'depth encoding {encoding[:40]!r} is not supported; '
            f'supported are {", ".join(_ENCODINGS)}',
        )
    kind, unit = _ENCODINGS[encoding]
    kind = ('>' if is_bigendian else '<') + kind
    size = np.dtype(kind).itemsize
    needed = step * (height - 1) + width * size
    if width <= 0 or height <= 0 or step < width * size or len(data) < needed:
        raise ImageError(
            'depth_layout',
            f'{len(data)} bytes of depth, step {step}, do not fit '
            f'{width}x{height} pixels of {encoding}',
        )
    values: NDArray[Any] = np.ndarray((height, width), kind, data, strides=(step, size))
    return DepthImage(values, unit)
