# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Tiled detection of small, far faces, at full resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import math

import numpy as np
from numpy.typing import NDArray

from face_affect.core.alternation import Alternation
from face_affect.core.detection import Detector, fitted
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


class TileSearch:
    """Detects faces in all tiles of the first image, then in one of each image, round robin.

    Every other tile is centred on a tracked far face, so that its track continues while the
    remaining tiles are searched.
    """

    def __init__(self, detector: Detector) -> None:
        """Detect with ``detector``."""
        self._detector = detector
        self._alternation = Alternation()

    def is_far(self, box: Box, image_shape: tuple[int, ...]) -> bool:
        """Return whether ``box`` is too small in an image [H, W, ...] scaled to the input."""
        scale, _ = fitted(image_shape, *self._detector.input_size)
        return scale < 1 and math.sqrt(box.area) * scale < FAR_SIZE

    def __call__(
        self, image: NDArray[np.uint8], threshold: float, known: Sequence[Box]
    ) -> list[Detection]:
        """Return the faces in the tiles of this image; none where one tile covers the image.

        ``known`` are the predicted boxes of tracked far faces, the most urgent first. For
        ``image`` and ``threshold`` see Detector.
        """
        tiles = self.tiles(image.shape[1], image.shape[0])
        if len(tiles) < 2:
            return []
        around = [self._around(box, image.shape) for box in known[:1]]
        return [
            found
            for tile in self._alternation.choose(tiles, around)
            for found in self._in_tile(image, tile, threshold)
        ]

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
            replace(
                found,
                box=found.box.moved(left, top),
                landmarks=tuple((x + left, y + top) for x, y in found.landmarks),
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
