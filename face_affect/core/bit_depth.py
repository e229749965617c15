# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Sixteen-bit images of cameras that use fewer bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# What cameras use of sixteen bits
DEPTHS = (8, 10, 12, 14, 16)


class BitDepth:
    """Reduces one camera's sixteen-bit images to eight bits, by the bits that it uses.

    These are those of the largest value so far: they grow, never shrink, so that the
    brightness of a sequence does not flicker. Encodings do not say how many bits are used:
    infrared, thermal and machine vision cameras often use 10, 12 or 14.
    """

    def __init__(self) -> None:
        """Expect the fewest bits."""
        self.bits = DEPTHS[0]

    def reduce(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the upper eight of the used bits of ``values``, u16 [H, W, ...], as u8."""
        if self.bits < DEPTHS[-1]:
            used = int(values.max()).bit_length()
            self.bits = max(self.bits, next(depth for depth in DEPTHS if used <= depth))
        return np.asarray(values >> (self.bits - 8), dtype=np.uint8)
