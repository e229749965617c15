# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Metrics of face detectors on scenes, by face size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.detection import Detector
from face_affect.core.faces import Detection
from face_affect.core.strict_json import nan_as_none
from training.data.scenes import Scene, SceneSet

# Bounds of the face widths in pixels of the detector's input
SIZES = (8, 12, 16, 24, 32, 64, 10_000)
SIZE_NAMES = ('8-12', '12-16', '16-24', '24-32', '32-64', '64+')
# Minimum IoU of a hit: labelled boxes of small faces are inaccurate by one or two pixels, so that
# many correct detections have an IoU below 0.5.
IOU = 0.4
IGNORED_PART = 0.5  # minimum fraction of an ignored detection that is inside an ignored region
LANDMARK_WIDTH = 32  # minimum face width in pixels of the input for the landmark error
LOWEST_THRESHOLD = 0.05
THRESHOLDS = np.arange(5, 100) / 100
PRECISION = 0.99  # precision at which detectors are compared


@dataclass(frozen=True)
class Findings:
    """The detections in scenes, matched with the ground truth.

    Of D detections: ``score`` [D], ``hit`` bool [D], index of the ``scene`` [D], and ``counts``
    bool [D], False for ignored ones. Of F faces: ``width`` [F] in pixels of the detector's
    input, ``best`` score [F] of a detection (0: missed), ``landmark_error`` [F] in eye distances
    (NaN: missed), and ``source`` [F]. ``negative`` bool [S]: scenes without a face.
    """

    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    scene: NDArray[np.intp]
    width: NDArray[np.float64]
    best: NDArray[np.float64]
    landmark_error: NDArray[np.float64]
    source: NDArray[np.str_]
    negative: NDArray[np.bool_]

    def precision(self, threshold: float) -> float:
        """Return the precision of detections with a score of at least ``threshold``, 0..1."""
        rows = self.counts & (self.score >= threshold)
        return float(self.hit[rows].mean()) if rows.any() else 1.0

    def threshold_for(self, precision: float) -> float:
        """Return the lowest of THRESHOLDS with at least that ``precision``, else the highest."""
        return next(
            (
                float(threshold)
                for threshold in THRESHOLDS
                if self.precision(float(threshold)) >= precision
            ),
            float(THRESHOLDS[-1]),
        )

    def recall(self, threshold: float, low: float = 0, high: float = np.inf) -> float:
        """Return the recall of faces with ``low`` <= width < ``high``, 0..1; NaN without faces."""
        rows = (self.width >= low) & (self.width < high)
        return float((self.best[rows] >= threshold).mean()) if rows.any() else float('nan')

    def false_in_negatives(self, threshold: float) -> NDArray[np.int64]:
        """Return the number of false positives in each scene without a face."""
        rows = self.counts & (self.score >= threshold)
        counted = np.bincount(self.scene[rows], minlength=len(self.negative))
        return counted[self.negative]


class SameSizes:
    """A detector whose nominal input is 320x240, so that face sizes are comparable."""

    input_size = (320, 240)

    def __init__(self, detector: Detector) -> None:
        """Wrap ``detector``."""
        self._detector = detector
        self.name = detector.name

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return the faces in ``image``; see Detector."""
        return self._detector(image, threshold)


def overlap(
    boxes: NDArray[np.float32], box: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return IoU [N] of ``boxes`` [N, 4] with ``box`` [4], and the fraction of ``box`` in each."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    area = box[2:].prod()
    return shared / (boxes[:, 2:].prod(axis=1) + area - shared), shared / area


def _match(
    scene: Scene, detector: Detector, smallest: float
) -> tuple[list[tuple[float, bool, bool]], NDArray[np.float64], NDArray[np.float64]]:
    """Return (score, hit, counts) per detection, and best score and landmark error per box."""
    best, error = np.zeros(len(scene.boxes)), np.full(len(scene.boxes), np.nan)
    rows = []
    for found in detector(scene.image, LOWEST_THRESHOLD):
        box = np.array(
            (found.box.x, found.box.y, found.box.width, found.box.height), dtype=np.float32
        )
        iou, inside = overlap(scene.boxes, box)
        iou = np.where((best > 0) | scene.ignore, 0, iou)
        face = int(iou.argmax()) if len(iou) else -1
        if face >= 0 and iou[face] >= IOU:
            best[face] = found.score
            eyes = np.linalg.norm(scene.points[face, 0] - scene.points[face, 1])
            distances = np.linalg.norm(found.landmarks - scene.points[face], axis=1)
            error[face] = distances.mean() / max(float(eyes), 1e-6)
            rows.append((found.score, True, scene.boxes[face, 2] >= smallest))
        else:
            ignored = bool((inside[scene.ignore] >= IGNORED_PART).any())
            rows.append((found.score, False, not ignored and found.box.width >= smallest))
    return rows, best, error


def examine(detector: Detector, scenes: SceneSet) -> Findings:
    """Run ``detector`` on ``scenes`` and match its detections with the ground truth."""
    width, height = detector.input_size
    detections: list[tuple[float, bool, bool]] = []
    where: list[int] = []
    faces: list[tuple[float, float, float, str]] = []
    for number, scene in enumerate(tqdm(scenes.scenes, detector.name, disable=None, leave=False)):
        scale = min(width / scene.image.shape[1], height / scene.image.shape[0])
        rows, best, error = _match(scene, detector, SIZES[0] / scale)
        detections += rows
        where += [number] * len(rows)
        faces += [
            (scene.boxes[i, 2] * scale, best[i], error[i], scene.source)
            for i in np.flatnonzero(~scene.ignore)
        ]
    score, hit, counts = _columns(detections, 3)
    widths, bests, errors, sources = _columns(faces, 4)
    return Findings(
        score.astype(float),
        hit.astype(bool),
        counts.astype(bool),
        np.array(where, dtype=np.intp),
        widths.astype(float),
        bests.astype(float),
        errors.astype(float),
        sources.astype(str),
        np.array([not len(scene.boxes) for scene in scenes.scenes], dtype=bool),
    )


def _columns(rows: Iterable[tuple[Any, ...]], count: int) -> list[NDArray[Any]]:
    columns = list(zip(*rows)) or [()] * count
    return [np.array(column) for column in columns]


def figures_of(findings: Findings, threshold: float) -> dict[str, Any]:
    """Return the metrics at ``threshold``, serialisable as JSON.

    They are recall by size and source, precision, false positives in scenes without a face, and
    landmark error.
    """
    negatives = findings.false_in_negatives(threshold)
    large = (findings.width >= LANDMARK_WIDTH) & (findings.best >= threshold)
    errors = findings.landmark_error[large & np.isfinite(findings.landmark_error)]
    bounds = list(zip(SIZE_NAMES, SIZES, SIZES[1:]))
    return {
        'threshold': threshold,
        'recall': {
            name: nan_as_none(findings.recall(threshold, low, high)) for name, low, high in bounds
        },
        'faces': {
            name: int(((findings.width >= low) & (findings.width < high)).sum())
            for name, low, high in bounds
        },
        'recall_by_source': {
            str(name): nan_as_none(
                float(
                    (
                        findings.best[(findings.source == name) & (findings.width >= 16)]
                        >= threshold
                    ).mean()
                )
            )
            for name in np.unique(findings.source[findings.width >= 16])
        },
        'precision': findings.precision(threshold),
        'false_per_negative': nan_as_none(float(negatives.mean())) if len(negatives) else None,
        'clean_negatives': nan_as_none(float((negatives == 0).mean())) if len(negatives) else None,
        'negatives': len(negatives),
        'landmark_error': nan_as_none(float(errors.mean())) if len(errors) else None,
    }
