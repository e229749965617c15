# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Depth of faces by a depth image registered to the colour image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box
from face_affect.core.images import ImageError

# Encoding -> type of a value, metres per unit (REP-118)
_ENCODINGS: dict[str, tuple[str, float]] = {
    '16UC1': ('u2', 0.001),
    'mono16': ('u2', 0.001),
    '32FC1': ('f4', 1.0),
}
# Central fraction of the box's width and height: its margin contains the background.
MIDDLE = 0.5
# Maximum valid depth in metres
FARTHEST = 1000.0
# Minimum fraction of valid pixels in the centre
MIN_VALID = 0.1


@dataclass(frozen=True)
class DepthImage:
    """Depths along the optical axis: ``values`` [H, W] in multiples of ``unit`` metres."""

    values: NDArray[Any]
    unit: float

    def median(self, box: Box) -> float | None:
        """Return the median depth in the centre of ``box``, metres.

        Zero, NaN and values above FARTHEST are invalid. None if less than MIN_VALID of the
        pixels are valid, or the centre is outside the image.
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
        is_bigendian: whether values are big-endian.

    Raises:
        ImageError: the encoding is not supported ('depth_encoding'), or size, step and data are
            inconsistent ('depth_layout').

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
            f'depth image of {width}x{height} {encoding} pixels has step {step} and {len(data)} '
            f'bytes, but needs a step of at least {width * size} and {max(needed, 0)} bytes',
        )
    values: NDArray[Any] = np.ndarray((height, width), kind, data, strides=(step, size))
    return DepthImage(values, unit)
