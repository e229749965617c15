# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Tiled detection of small, far faces: one tile per frame at full resolution."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
from numpy.typing import NDArray

from face_affect.core.detection import Detector, NMS_IOU, non_maximum_suppression
from face_affect.core.faces import Box, Detection

# Maximum ratio of a tile's size to the detector's input: 12 tiles instead of 20 for 1280x720,
# in which a face of 16 pixels shrinks to 14.5.
STRETCH = 1.1
# Overlap of adjacent tiles in pixels, so that a small face is complete in one of them
OVERLAP = 24
# Faces below this size in pixels of the detector's input are searched in tiles.
FAR_SIZE = 16
# A box within this distance in pixels of a tile's inner edge is assumed to be truncated.
CUT = 2


class TiledDetector:
    """Detects faces in the whole image and in one tile per frame, round robin.

    Every other tile is centred on a tracked far face, so that its track continues while the
    remaining tiles are searched.
    """

    def __init__(self, detector: Detector) -> None:
        """Detect with ``detector``."""
        self._detector = detector
        self._turn = 0
        self._tile = 0

    def reset(self) -> None:
        """Restart with the first tile."""
        self._turn = self._tile = 0

    def is_far(self, box: Box, image_shape: tuple[int, ...]) -> bool:
        """Return whether ``box`` is too small in an image [H, W, ...] scaled to the input."""
        width, height = self._detector.input_size
        scale = min(width / image_shape[1], height / image_shape[0])
        return scale < 1 and math.sqrt(box.area) * scale < FAR_SIZE

    def __call__(
        self, image: NDArray[np.uint8], threshold: float, known: Sequence[Box]
    ) -> list[Detection]:
        """Return the faces in the whole image and in one tile, best first.

        ``known`` are the predicted boxes of tracked far faces, the most urgent first. For
        ``image`` and ``threshold`` see Detector.
        """
        found = self._detector(image, threshold)
        tiles = self.tiles(image.shape[1], image.shape[0])
        if len(tiles) < 2:
            return found
        self._turn += 1
        if known and self._turn % 2:
            tile = self._around(known[0], image.shape)
        else:
            self._tile = (self._tile + 1) % len(tiles)
            tile = tiles[self._tile]
        return _merged([*found, *self._in_tile(image, tile, threshold)])

    def tiles(self, width: int, height: int) -> list[tuple[int, int, int, int]]:
        """Return the tiles (left, top, right, bottom) that cover an image, in pixels."""
        across, down = self._detector.input_size
        return [
            (left, top, right, bottom)
            for top, bottom in _spans(height, int(down * STRETCH))
            for left, right in _spans(width, int(across * STRETCH))
        ]

    def _around(self, box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Return a tile centred on ``box`` as far as the image allows."""
        width, height = self._detector.input_size
        x, y = box.centre
        left = min(max(round(x - width / 2), 0), max(shape[1] - width, 0))
        top = min(max(round(y - height / 2), 0), max(shape[0] - height, 0))
        return left, top, min(left + width, shape[1]), min(top + height, shape[0])

    def _in_tile(
        self, image: NDArray[np.uint8], tile: tuple[int, int, int, int], threshold: float
    ) -> list[Detection]:
        left, top, right, bottom = tile
        edges = (
            left if left else -math.inf,
            top if top else -math.inf,
            right if right < image.shape[1] else math.inf,
            bottom if bottom < image.shape[0] else math.inf,
        )
        moved = [
            Detection(
                found.box.moved(left, top),
                found.score,
                tuple((x + left, y + top) for x, y in found.landmarks),
            )
            for found in self._detector(image[top:bottom, left:right], threshold)
        ]
        return [found for found in moved if _whole(found.box, edges)]


def _spans(length: int, tile: int) -> list[tuple[int, int]]:
    """Return overlapping intervals of at most ``tile`` that cover 0..``length``."""
    count = max(1, math.ceil((length - OVERLAP) / (tile - OVERLAP)))
    size = min(length, math.ceil((length + (count - 1) * OVERLAP) / count))
    starts = [round(i * (length - size) / max(count - 1, 1)) for i in range(count)]
    return [(start, start + size) for start in starts]


def _whole(box: Box, edges: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = edges
    return (
        box.x > left + CUT
        and box.y > top + CUT
        and box.x + box.width < right - CUT
        and box.y + box.height < bottom - CUT
    )


def _merged(found: Sequence[Detection]) -> list[Detection]:
    """Return ``found`` without duplicates, best first."""
    boxes = np.array(
        [(one.box.x, one.box.y, one.box.width, one.box.height) for one in found], dtype=np.float32
    ).reshape(-1, 4)
    scores = np.array([one.score for one in found], dtype=np.float32)
    return [found[i] for i in non_maximum_suppression(boxes, scores, NMS_IOU)]
