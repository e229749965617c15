# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Image to detections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.detection_head import AnchorPoints, BOX, POINTS
from face_affect.core.faces import Box, Detection
from face_affect.core.models import ModelError, Sidecar
from face_affect.core.runtime import Network

NMS_IOU = 0.3
# Cells whose boxes overlap the best one's by MERGE_IOU are merged into one box, also those that
# score up to MERGE_MARGIN (logits) below the threshold: a cell that crosses it changes the box
# little.
MERGE_IOU = 0.5
MERGE_MARGIN = 1.7
# Boxes without an area overlap nothing.
SMALLEST_AREA = 1e-9
# No answer of sense is beyond: in strides, octaves or face sizes.
FARTHEST = 100.0
CHANNELS = (1, BOX, 2 * POINTS)


class Detector(Protocol):
    """Finds faces: the interface of every detector."""

    @property
    def name(self) -> str:
        """The model's name, for which classifiers are calibrated."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height in pixels of what the detector looks at, whatever the image."""

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return the faces with a score of at least ``threshold``, best first.

        ``image`` is u8 [H, W, 3] BGR or [H, W] gray.
        """


class Letterbox:
    """Fits images into a network's input: aspect kept, centred, bordered in black."""

    def __init__(self, width: int, height: int) -> None:
        """Prepare for a network input of that size in pixels."""
        self._canvas = np.zeros((height, width, 3), dtype=np.uint8)
        self._inside = self._canvas  # where the image goes
        self._small: NDArray[np.uint8] | None = None  # the image at that size
        self._shape: tuple[int, ...] = ()
        self.scale = 1.0
        self.offset = np.zeros(2, dtype=np.float32)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``image`` (BGR or gray) as RGB u8 [height, width, 3], valid until the next call.

        ``scale`` and ``offset`` then map input to image: (point - offset) / scale.

        Raises:
            TypeError: ``image`` is of another dtype than uint8.

        """
        if image.shape != self._shape:
            self._fit(image)
        self._small = cv2.resize(
            image, self._inside.shape[1::-1], self._small, interpolation=cv2.INTER_LINEAR
        )
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        converted = cv2.cvtColor(self._small, code, self._inside)
        if not np.may_share_memory(converted, self._inside):
            # OpenCV has answered in a new array, since the one handed in does not fit.
            np.copyto(self._inside, converted, casting='no')
        return self._canvas

    def _fit(self, image: NDArray[np.uint8]) -> None:
        """Prepare for images like ``image``."""
        height, width = self._canvas.shape[:2]
        self._shape = image.shape
        self.scale = min(width / image.shape[1], height / image.shape[0])
        inner = (
            max(1, round(image.shape[1] * self.scale)),
            max(1, round(image.shape[0] * self.scale)),
        )
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        self.offset = np.array((left, top), dtype=np.float32)
        self._canvas[:] = 0
        self._inside = self._canvas[top : top + inner[1], left : left + inner[0]]
        self._small = None


class AnchorFreeDetector:
    """A detector whose maps have an answer for each cell: see ``detection_head``.

    For each stride three outputs [H, W, C]: a logit, four numbers of the box, ten of
    the landmarks.
    """

    STRIDES = (8, 16, 32)

    def __init__(self, network: Network) -> None:
        """Check the network's outputs.

        Raises:
            ModelError: they are not those of an anchor-free detector.

        """
        self._network = network
        size = network.sidecar.input
        self._cells = AnchorPoints(size.width, size.height, self.STRIDES)
        expected = [(1, *shape, channels) for channels in CHANNELS for shape in self._cells.shapes]
        shapes = network.output_shapes
        if sorted(shapes) != sorted(expected):
            raise ModelError(
                f'model {network.sidecar.name}: outputs {shapes} are not those of an anchor-free '
                f'detector, which has {expected}'
            )
        # For each map its outputs and its first cell
        self._maps: list[tuple[list[int], int]] = []
        first = 0
        for rows, columns in self._cells.shapes:
            indices = [shapes.index((1, rows, columns, channels)) for channels in CHANNELS]
            self._maps.append((indices, first))
            first += rows * columns
        self._letterbox = Letterbox(size.width, size.height)

    @property
    def name(self) -> str:
        """The model's name, for which classifiers are calibrated."""
        return self._network.sidecar.calibrated_as

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network's input in pixels."""
        return self._network.sidecar.input.width, self._network.sidecar.input.height

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return the faces in ``image``; see Detector."""
        outputs = self._network.run(self._letterbox(image))
        least = logit(threshold) - MERGE_MARGIN
        found = []
        for indices, first in self._maps:
            score, box, points = (outputs[index] for index in indices)
            # Box and landmarks are read only where there may be a face.
            cells = score.cells_from(least)
            if cells.size:
                found.append(
                    (
                        cells + first,
                        score.cells(cells)[:, 0],
                        box.cells(cells),
                        points.cells(cells),
                    )
                )
        if not found:
            return []
        rows, logits, *code = (np.concatenate(part) for part in zip(*found))
        return decode_detections(
            self._cells, rows, logits, np.hstack(code), self._letterbox, threshold
        )


def decode_detections(
    cells: AnchorPoints,
    rows: NDArray[np.intp],
    logits: NDArray[np.float32],
    code: NDArray[np.float32],
    letterbox: Letterbox,
    threshold: float,
) -> list[Detection]:
    """Return the faces that the cells ``rows`` [M] describe, best first.

    ``logits`` [M] and ``code`` [M, 14] are the cells' outputs; those that are not finite are
    ignored. A face has the score of its best cell, at least ``threshold``, and the mean box and
    landmarks of the cells that describe it, weighted by their squared scores (weighted boxes
    fusion, Solovyev et al. 2021, within one detector).
    """
    whole = np.isfinite(code).all(axis=1) & np.isfinite(logits)
    rows, logits, code = rows[whole], logits[whole], code[whole].clip(-FARTHEST, FARTHEST)
    scores = (1 / (1 + np.exp(-logits.clip(-50, 50)))).astype(np.float32)
    boxes, points = cells.decode(code, rows)
    boxes[:, :2] -= letterbox.offset
    places = np.hstack([boxes, (points - letterbox.offset).reshape(-1, 2 * POINTS)])
    places /= letterbox.scale
    least = logit(threshold)
    detections = []
    for rows, overlaps in clusters(boxes, scores, NMS_IOU):
        if logits[rows[0]] < least:
            break
        same = rows[overlaps >= MERGE_IOU]
        weights = np.square(scores[same])
        place = (weights @ places[same] / weights.sum()).tolist()
        landmarks = tuple(zip(place[BOX::2], place[BOX + 1 :: 2]))
        detections.append(Detection(Box(*place[:BOX]), float(scores[rows[0]]), landmarks))
    return detections


def logit(probability: float) -> float:
    """Return what the sigmoid makes ``probability`` of: comparing logits spares the sigmoids."""
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return -math.log(1 / inside - 1)


def non_maximum_suppression(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float
) -> list[int]:
    """Return the rows of boxes to keep, best first.

    ``boxes`` [N, 4] x, y, width, height; ``scores`` [N]. A box that overlaps a
    better one by more than ``iou`` goes.
    """
    return [int(rows[0]) for rows, _ in clusters(boxes, scores, iou)]


def clusters(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Yield the rows of each box that is kept, best first, and of those that it suppresses.

    With them, their IoU with the kept box, whose own row comes first (IoU 1). For ``boxes``,
    ``scores`` and ``iou`` see ``non_maximum_suppression``.
    """
    order = np.argsort(-scores, kind='stable')
    left_top, right_bottom = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    areas = boxes[:, 2] * boxes[:, 3]
    while order.size:
        best = order[0]
        shared = np.maximum(
            np.minimum(right_bottom[order], right_bottom[best])
            - np.maximum(left_top[order], left_top[best]),
            0,
        ).prod(axis=1)
        overlaps = shared / np.maximum(areas[order] + areas[best] - shared, SMALLEST_AREA)
        overlaps[0] = 1
        together = overlaps > iou
        yield order[together], overlaps[together]
        order = order[~together]


def load_detector(sidecar: Sidecar, threads: int = 1) -> Detector:
    """Load the detector that ``sidecar`` describes.

    Raises:
        ModelError: the network is missing or wrong.

    """
    return AnchorFreeDetector(Network(sidecar, threads))


def large_enough(detections: Sequence[Detection], size: int) -> list[Detection]:
    """Return the detections whose shorter side is at least ``size`` pixels."""
    return [found for found in detections if min(found.box.width, found.box.height) >= size]
