# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Temporal smoothing of probabilities per id."""

from __future__ import annotations

from collections.abc import Collection
import math

import numpy as np
from numpy.typing import NDArray


class Smoother:
    """First-order low-pass filter of probabilities, independent of the frame rate.

    p += gain * (new - p) with gain = 1 - exp(-dt / time_constant), but at least 1 / n for the
    n-th image, so that the first images have equal weights.

    >>> import numpy as np
    >>> smoother = Smoother(time_constant=0.5)
    >>> smoother.update(1, 0.0, np.array([1.0, 0.0], np.float32)).round(2).tolist()
    [1.0, 0.0]
    >>> smoother.update(1, 0.1, np.array([0.0, 1.0], np.float32)).round(2).tolist()
    [0.5, 0.5]
    """

    def __init__(self, time_constant: float = 0.5) -> None:
        """Set the time constant in seconds; 0 disables smoothing."""
        self.time_constant = time_constant
        self._state: dict[int, tuple[float, int, NDArray[np.float32]]] = {}

    def update(
        self, key: int, stamp: float, probabilities: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Add probabilities f32 [C] of face ``key`` at ``stamp`` seconds; return the smoothed."""
        last, count, smooth = self._state.get(key, (stamp, 0, probabilities))
        elapsed = max(stamp - last, 0.0)
        gain = 1.0
        if self.time_constant > 0:
            gain = max(1 - math.exp(-elapsed / self.time_constant), 1 / (count + 1))
        smooth = smooth + np.float32(gain) * (probabilities - smooth)
        self._state[key] = (stamp, count + 1, smooth)
        return smooth

    def keep(self, keys: Collection[int]) -> None:
        """Discard the states of all faces except ``keys``."""
        self._state = {key: value for key, value in self._state.items() if key in keys}
