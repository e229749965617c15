# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face detection: letterboxing, decoding, non-maximum suppression and box fusion."""

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

# Width in pixels of the input of the smallest face that is detected: one cell of the finest map
SMALLEST_FACE = 8
NMS_IOU = 0.3
# Boxes with an IoU of at least MERGE_IOU with the best one are fused, including those up to
# MERGE_MARGIN (logits) below the threshold, so that a cell that crosses the threshold changes
# the box little.
MERGE_IOU = 0.5
MERGE_MARGIN = 1.7
# Avoids division by zero for boxes without an area.
SMALLEST_AREA = 1e-9
# Limit of the regression outputs, in strides, octaves or face sizes
FARTHEST = 100.0
CHANNELS = (1, BOX, 2 * POINTS)


class Detector(Protocol):
    """The interface of all detectors."""

    @property
    def name(self) -> str:
        """The model name that classifiers are calibrated for."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network's input in pixels."""

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return the faces with a score of at least ``threshold``, best first.

        ``image`` is u8 [H, W, 3] BGR or [H, W] gray; ``threshold`` 0..1.
        """


def fitted(shape: tuple[int, ...], width: int, height: int) -> tuple[float, tuple[int, int]]:
    """Return the scale at which an image [H, W, ...] fits, and its width and height there.

    ``width``, ``height``: the size to fit into, in pixels.
    """
    scale = min(width / shape[1], height / shape[0])
    return scale, (max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale)))


class Letterbox:
    """Resizes images to a network's input: aspect ratio kept, centred, padded with black."""

    def __init__(self, width: int, height: int) -> None:
        """Allocate an input of that size in pixels."""
        self._canvas = np.zeros((height, width, 3), dtype=np.uint8)
        self._inside = self._canvas  # view of the canvas without padding
        self._small: NDArray[np.uint8] | None = None  # buffer for the resized image
        self._shape: tuple[int, ...] = ()
        self.scale = 1.0
        self.offset = np.zeros(2, dtype=np.float32)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``image`` as RGB u8 [height, width, 3], valid until the next call.

        ``image`` is u8 [H, W, 3] BGR or [H, W] gray. ``scale`` and ``offset`` then map input to
        image coordinates: (point - offset) / scale.

        Raises:
            TypeError: ``image`` has a dtype other than uint8.

        """
        if image.shape != self._shape:
            self._fit(image)
        self._small = cv2.resize(
            image, self._inside.shape[1::-1], self._small, interpolation=cv2.INTER_LINEAR
        )
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        converted = cv2.cvtColor(self._small, code, self._inside)
        if not np.may_share_memory(converted, self._inside):
            # OpenCV allocated a new array because the given one does not match.
            np.copyto(self._inside, converted, casting='no')
        return self._canvas

    def _fit(self, image: NDArray[np.uint8]) -> None:
        """Compute scale and offset for images of the shape of ``image``."""
        height, width = self._canvas.shape[:2]
        self._shape = image.shape
        self.scale, inner = fitted(image.shape, width, height)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        self.offset = np.array((left, top), dtype=np.float32)
        self._canvas[:] = 0
        self._inside = self._canvas[top : top + inner[1], left : left + inner[0]]
        self._small = None


class AnchorFreeDetector:
    """An anchor-free detector with the output code of ``detection_head``.

    For each stride there are three outputs [H, W, C]: a logit, four box values and ten landmark
    coordinates per cell.
    """

    STRIDES = (8, 16, 32)

    def __init__(self, network: Network) -> None:
        """Validate the output shapes of the network.

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
        # For each map, indices of its outputs and of its first cell
        self._maps: list[tuple[list[int], int]] = []
        first = 0
        for rows, columns in self._cells.shapes:
            indices = [shapes.index((1, rows, columns, channels)) for channels in CHANNELS]
            self._maps.append((indices, first))
            first += rows * columns
        self._letterbox = Letterbox(size.width, size.height)

    @property
    def name(self) -> str:
        """The model name that classifiers are calibrated for."""
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
            # Dequantise box and landmarks only in cells above the threshold.
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
    """Return the faces encoded in the cells ``rows`` [M], best first, in pixels of the image.

    ``logits`` [M] and ``code`` [M, 14] are the outputs of these cells; cells with values that
    are not finite are ignored. A face has the score of its best cell, at least ``threshold``
    (0..1), and the mean box and landmarks of its cells, weighted by squared score (weighted
    boxes fusion, Solovyev et al. 2021, within one detector).
    """
    whole = np.isfinite(code).all(axis=1) & np.isfinite(logits)
    rows, logits, code = rows[whole], logits[whole], code[whole].clip(-FARTHEST, FARTHEST)
    scores = (1 / (1 + np.exp(-logits.clip(-50, 50)))).astype(np.float32)
    boxes, points = cells.decode(code, rows)
    boxes[:, :2] -= letterbox.offset
    values = np.hstack([boxes, (points - letterbox.offset).reshape(-1, 2 * POINTS)])
    values /= letterbox.scale
    least = logit(threshold)
    detections = []
    for rows, overlaps in clusters(boxes, scores, NMS_IOU):
        if logits[rows[0]] < least:
            break
        same = rows[overlaps >= MERGE_IOU]
        weights = np.square(scores[same])
        mean = (weights @ values[same] / weights.sum()).tolist()
        landmarks = tuple(zip(mean[BOX::2], mean[BOX + 1 :: 2]))
        detections.append(Detection(Box(*mean[:BOX]), float(scores[rows[0]]), landmarks))
    return detections


def logit(probability: float) -> float:
    """Return the inverse sigmoid of ``probability``, clipped to 1e-6..1 - 1e-6."""
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return -math.log(1 / inside - 1)


def with_lower_odds(probability: float, ratio: float) -> float:
    """Return the probability, 0..1, with the odds of ``probability`` divided by ``ratio``."""
    return probability / (probability + ratio * (1 - probability))


def non_maximum_suppression(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float
) -> list[int]:
    """Return the rows of boxes to keep, best first.

    ``boxes`` [N, 4] x, y, width, height; ``scores`` [N]. A box whose IoU with a better one that
    is kept exceeds ``iou`` is suppressed.
    """
    return [int(rows[0]) for rows, _ in clusters(boxes, scores, iou)]


def best_of_duplicates(found: Sequence[Detection]) -> list[Detection]:
    """Return ``found`` without the detections that overlap a better one, best first."""
    boxes = np.array(
        [(one.box.x, one.box.y, one.box.width, one.box.height) for one in found], dtype=np.float32
    ).reshape(-1, 4)
    scores = np.array([one.score for one in found], dtype=np.float32)
    return [found[i] for i in non_maximum_suppression(boxes, scores, NMS_IOU)]


def clusters(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Yield each box that is kept, best first, together with the boxes that it suppresses.

    A cluster is the rows [K] of these boxes and their IoU [K] with the kept box, whose own row
    comes first (IoU 1). For the arguments see ``non_maximum_suppression``.
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
        ModelError: the network is missing, altered or not an anchor-free detector.

    """
    return AnchorFreeDetector(Network(sidecar, threads))


def large_enough(detections: Sequence[Detection], size: int) -> list[Detection]:
    """Return the detections whose shorter side is at least ``size`` pixels."""
    return [found for found in detections if min(found.box.width, found.box.height) >= size]
