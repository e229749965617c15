# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Reduction of sixteen-bit images to eight bits for cameras that use fewer bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bit depths of cameras with sixteen-bit encodings
DEPTHS = (8, 10, 12, 14, 16)


class BitDepth:
    """Reduces one camera's sixteen-bit images to eight bits by its effective bit depth.

    The depth is the smallest of DEPTHS that holds the largest value so far. It never
    decreases, so that the brightness of a sequence does not flicker. Encodings do not state
    it: infrared, thermal and machine vision cameras often use 10, 12 or 14 bits.
    """

    def __init__(self) -> None:
        """Start with the smallest depth."""
        self.bits = DEPTHS[0]

    def reduce(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the upper eight effective bits of ``values`` u16 [H, W, ...] as u8."""
        if self.bits < DEPTHS[-1]:
            used = int(values.max()).bit_length()
            self.bits = max(self.bits, next(depth for depth in DEPTHS if used <= depth))
        return np.asarray(values >> (self.bits - 8), dtype=np.uint8)
