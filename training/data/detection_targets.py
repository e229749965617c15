# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Training targets of a detector: assignment of faces to cells, and their encoding.

The encoding is that of ``face_affect.core.detection_head``; the Gaussian heat maps are those of
CenterNet (Zhou et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face_affect.core.detection_head import AnchorPoints, BOX, POINTS

# Range of face sizes, sqrt(width * height) in strides, that are assigned to a map. The ranges
# overlap, so that each size has a map. The finest map also has all smaller faces down to
# SMALLEST pixels, the coarsest all larger ones.
FINEST, COARSEST = 1.5, 7.0
SMALLEST = 6.0
# Faces up to this factor outside of a map's range have no loss in it.
SLACK = 1.3
# Standard deviation of the Gaussian around a face's centre in face sizes, and its minimum in
# strides
BELL, NARROWEST_BELL = 0.1, 0.35


@dataclass(frozen=True)
class Targets:
    """The training targets of a detector in each of N cells.

    ``heat`` f32 [N], 0..1: Gaussians around the faces' centres, 1 at the nearest cells;
    ``counts`` bool [N]: False where no output has a loss; ``code`` f32 [N, 14]: encoding of the
    face with the largest Gaussian at the cell.
    """

    heat: NDArray[np.float32]
    counts: NDArray[np.bool_]
    code: NDArray[np.float32]


def encode(
    cells: AnchorPoints,
    boxes: NDArray[np.float32],
    points: NDArray[np.float32],
    rows: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Encode faces in the cells ``rows`` [M] as f32 [M, 14], the inverse of ``decode``.

    ``boxes`` f32 [M, 4] x, y, width, height and ``points`` f32 [M, 5, 2] in input pixels.
    """
    strides = cells.strides[rows, None]
    sizes = boxes[:, 2:]
    centres = boxes[:, :2] + sizes / 2
    offsets = (points - centres[:, None]) / sizes[:, None]
    return np.hstack(
        [
            (centres - cells.centres[rows]) / strides,
            np.log(sizes / strides),
            offsets.reshape(-1, 2 * POINTS),
        ]
    ).astype(np.float32)


def assign(
    cells: AnchorPoints,
    boxes: NDArray[np.float32],
    points: NDArray[np.float32],
    ignore: NDArray[np.bool_],
) -> Targets:
    """Assign faces to cells and return the training targets.

    Args:
        cells: the cells of the detector's output maps.
        boxes: f32 [F, 4], x, y, width, height in input pixels.
        points: f32 [F, 5, 2], landmarks in input pixels.
        ignore: bool [F], ignore mask: boxes in which no output has a loss.

    """
    counts = np.ones(len(cells), dtype=bool)
    sizes = np.sqrt(boxes[:, 2] * boxes[:, 3])
    blurred = ignore | (sizes < SMALLEST)
    for box in boxes[blurred]:
        counts &= (_distance(cells, box) > 0.5).any(axis=1)
    boxes, points, sizes = boxes[~blurred], points[~blurred], sizes[~blurred]
    heat = np.zeros(len(cells), dtype=np.float32)
    owner = np.zeros(len(cells), dtype=np.intp)
    for face, (box, size) in enumerate(zip(boxes, sizes)):
        bell, near, undecided = _bell(cells, box, size)
        counts &= ~undecided
        higher = bell > heat
        owner[higher] = face
        heat[higher] = bell[higher]
        counts |= near
    code = np.zeros((len(cells), BOX + 2 * POINTS), dtype=np.float32)
    rows = np.flatnonzero(heat > 0)
    code[rows] = encode(cells, boxes[owner[rows]], points[owner[rows]], rows)
    return Targets(heat, counts, code)


def _distance(cells: AnchorPoints, box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the distances f32 [N, 2] of all cells from the box's centre in its sides."""
    centre = box[:2] + box[2:] / 2
    return np.asarray(np.abs(cells.centres - centre) / box[2:], dtype=np.float32)


def _bell(
    cells: AnchorPoints, box: NDArray[np.float32], size: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the Gaussian f32 [N], and masks of the cells at the centre and without a loss."""
    low = np.where(cells.strides == cells.strides[0], 0, FINEST * cells.strides)
    high = np.where(cells.strides == cells.strides[-1], np.inf, COARSEST * cells.strides)
    inside = (size >= low) & (size <= high)
    close = (size >= low / SLACK) & (size <= high * SLACK) & ~inside
    offset = cells.centres - (box[:2] + box[2:] / 2)
    spread = np.maximum(BELL * box[2:], NARROWEST_BELL * cells.strides[:, None])
    bell = np.exp(-0.5 * ((offset / spread) ** 2).sum(axis=1), dtype=np.float32)
    # Half a stride away at most: the cell that contains the centre.
    near = (np.abs(offset) <= cells.strides[:, None] / 2).all(axis=1) & inside
    undecided = close & (bell > 0.05)
    bell[~inside | (bell < 0.01)] = 0
    bell[near] = 1
    return bell, near, undecided
