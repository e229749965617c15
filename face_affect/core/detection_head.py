# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The detection head: encoding of faces in the output maps of an anchor-free detector.

Similar to CenterNet (Zhou et al. 2019) and TTFNet (Liu et al. 2020), on maps of several
strides. A cell with centre c and stride s encodes a box as ((centre - c) / s, log(size / s)),
and each landmark as (point - centre) / size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BOX, POINTS = 4, 5


class AnchorPoints:
    """The cells of all maps for one input size, map after map, in row-major order.

    ``shapes`` (rows, columns) of each map; ``strides`` f32 [N] and ``centres`` f32 [N, 2] of each
    cell in input pixels.
    """

    def __init__(self, width: int, height: int, strides: tuple[int, ...]) -> None:
        """Create the cells for an input in pixels, with a map for each of ``strides``."""
        self.shapes = [(-(-height // stride), -(-width // stride)) for stride in strides]
        grids = [
            np.mgrid[:rows, :columns].reshape(2, -1).T[:, ::-1] for rows, columns in self.shapes
        ]
        self.strides = np.repeat(
            np.array(strides, dtype=np.float32), [len(grid) for grid in grids]
        )
        self.centres = np.concatenate(
            [(grid + 0.5) * stride for grid, stride in zip(grids, strides)]
        ).astype(np.float32)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.centres)

    def decode(
        self, code: NDArray[np.float32], rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return boxes [M, 4] (x, y, width, height) and landmarks [M, 5, 2] in input pixels.

        ``code`` [M, 14] is the output of the cells ``rows`` [M].
        """
        strides = self.strides[rows, None]
        centres = self.centres[rows] + code[:, :2] * strides
        # No face exceeds e^4 strides; clipping keeps exp finite.
        sizes = np.exp(np.clip(code[:, 2:BOX], -4, 4)) * strides
        points = centres[:, None] + code[:, BOX:].reshape(-1, POINTS, 2) * sizes[:, None]
        return np.hstack([centres - sizes / 2, sizes]), points
