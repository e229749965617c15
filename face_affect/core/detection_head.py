# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""How the cells of a detector's output maps code faces: assignment, encoding, decoding.

An anchor-free code in the manner of CenterNet (Zhou et al. 2019) and TTFNet (Liu et
al. 2020), on maps of several strides. A cell with centre c and stride s codes a box
as ((centre - c) / s, log(size / s)), and each landmark as (point - centre) / size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOX, POINTS = 4, 5
# Which face sizes, sqrt(width * height) in strides, a map is for; they overlap, so that a
# face that grows never falls between two maps. The finest map also takes all smaller faces
# down to SMALLEST pixels, the coarsest all larger ones.
FINEST, COARSEST = 1.5, 7.0
SMALLEST = 6.0
# Just outside of its range a map may answer or not.
SLACK = 1.3
# Standard deviation of the bell around a face's centre: part of the face's size, at least
# this part of a stride.
BELL, NARROWEST_BELL = 0.1, 0.35


@dataclass(frozen=True)
class Targets:
    """What a detector should answer in each of N cells.

    ``heat`` f32 [N]: 1 at the cells nearest to a face's centre, falling off like a bell
    around them; ``counts`` bool [N]: False where any answer is right; ``code`` f32
    [N, 14]: the face whose bell is highest there, coded.
    """

    heat: NDArray[np.float32]
    counts: NDArray[np.bool_]
    code: NDArray[np.float32]


class AnchorPoints:
    """All cells of all maps over an input of one size, map after map, row by row."""

    def __init__(self, width: int, height: int, strides: tuple[int, ...]) -> None:
        """Lay maps of ``strides`` pixels, finest first, over an input in pixels."""
        self.shapes = [(-(-height // stride), -(-width // stride)) for stride in strides]
        grids = [
            np.mgrid[:rows, :columns].reshape(2, -1).T[:, ::-1] for rows, columns in self.shapes
        ]
        self._map_strides = strides
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
        """Return boxes [M, 4] (x, y, width, height) and points [M, 5, 2], in input pixels.

        ``code`` [M, 14] is what the cells ``rows`` [M] answer.
        """
        strides = self.strides[rows, None]
        centres = self.centres[rows] + code[:, :2] * strides
        # No face is larger than e^4 strides; the limit keeps wild answers finite.
        sizes = np.exp(np.clip(code[:, 2:BOX], -4, 4)) * strides
        points = centres[:, None] + code[:, BOX:].reshape(-1, POINTS, 2) * sizes[:, None]
        return np.hstack([centres - sizes / 2, sizes]), points

    def encode(
        self, boxes: NDArray[np.float32], points: NDArray[np.float32], rows: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Return what the cells ``rows`` [M] should answer [M, 14]; inverse of ``decode``."""
        strides = self.strides[rows, None]
        sizes = boxes[:, 2:]
        centres = boxes[:, :2] + sizes / 2
        offsets = (points - centres[:, None]) / sizes[:, None]
        return np.hstack(
            [
                (centres - self.centres[rows]) / strides,
                np.log(sizes / strides),
                offsets.reshape(-1, 2 * POINTS),
            ]
        ).astype(np.float32)

    def assign(
        self, boxes: NDArray[np.float32], points: NDArray[np.float32], ignore: NDArray[np.bool_]
    ) -> Targets:
        """Say what each cell should answer.

        Args:
            boxes: f32 [F, 4], x, y, width, height in input pixels.
            points: f32 [F, 5, 2], landmarks in input pixels.
            ignore: bool [F], boxes in which any answer is right.

        """
        counts = np.ones(len(self), dtype=bool)
        sizes = np.sqrt(boxes[:, 2] * boxes[:, 3])
        blurred = ignore | (sizes < SMALLEST)
        for box in boxes[blurred]:
            counts &= (self._distance(box) > 0.5).any(axis=1)
        boxes, points, sizes = boxes[~blurred], points[~blurred], sizes[~blurred]
        heat = np.zeros(len(self), dtype=np.float32)
        owner = np.zeros(len(self), dtype=np.intp)
        for face, (box, size) in enumerate(zip(boxes, sizes)):
            bell, near, undecided = self._bell(box, size)
            counts &= ~undecided
            higher = bell > heat
            owner[higher] = face
            heat[higher] = bell[higher]
            counts |= near
        code = np.zeros((len(self), BOX + 2 * POINTS), dtype=np.float32)
        rows = np.flatnonzero(heat > 0)
        code[rows] = self.encode(boxes[owner[rows]], points[owner[rows]], rows)
        return Targets(heat, counts, code)

    def _distance(self, box: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far all cells are from the box's centre, in its widths and heights."""
        centre = box[:2] + box[2:] / 2
        return np.asarray(np.abs(self.centres - centre) / box[2:], dtype=np.float32)

    def _bell(
        self, box: NDArray[np.float32], size: float
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return bell [N], the cells nearest to the centre, and those that may do as they like."""
        low = np.where(self.strides == self._map_strides[0], 0, FINEST * self.strides)
        high = np.where(self.strides == self._map_strides[-1], np.inf, COARSEST * self.strides)
        inside = (size >= low) & (size <= high)
        close = (size >= low / SLACK) & (size <= high * SLACK) & ~inside
        offset = self.centres - (box[:2] + box[2:] / 2)
        spread = np.maximum(BELL * box[2:], NARROWEST_BELL * self.strides[:, None])
        bell = np.exp(-0.5 * ((offset / spread) ** 2).sum(axis=1), dtype=np.float32)
        # Half a stride away at most: the cell that holds the centre.
        near = (np.abs(offset) <= self.strides[:, None] / 2).all(axis=1) & inside
        undecided = close & (bell > 0.05)
        bell[~inside | (bell < 0.01)] = 0
        bell[near] = 1
        return bell, near, undecided
