# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Metrics of classifiers: accuracy, calibration and coverage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.faces import FaceSet

TEMPERATURES = np.geomspace(0.3, 3.0, 100)
MIN_CONFIDENCES = tuple(round(0.05 * i, 2) for i in range(20))


def accuracy_of(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the accuracy 0..1 of ``scores`` [N, C] for ``labels`` [N]."""
    return float((scores.argmax(axis=1) == labels).mean())


def wilson_interval(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return the confidence interval of hits / total (Wilson 1927), of 95 % by default.

    ``total`` must be positive; ``z`` is the quantile of the normal distribution.
    """
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return middle - half, middle + half


def confusion_matrix(
    labels: NDArray[np.int64], found: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return the counts int64 [classes, classes] by true (row) and predicted (column) class."""
    return np.bincount(labels * classes + found, minlength=classes**2).reshape(classes, classes)


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Return the mean F1 score of the classes that occur, 0..1."""
    hits = np.diag(confusion)
    totals = confusion.sum(axis=0) + confusion.sum(axis=1)
    present = confusion.sum(axis=1) > 0
    return float((2 * hits[present] / totals[present]).mean())


def expected_calibration_error(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], bins: int = 15
) -> float:
    """Return the expected calibration error of ``probabilities`` [N, C] (Guo et al. 2017)."""
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(hit[which == i].sum() - confidence[which == i].sum()) for i in range(bins)]
    return float(sum(gaps) / len(labels))


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the one of TEMPERATURES with minimum cross-entropy (Guo et al. 2017)."""
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(scaled).sum(axis=1))
        losses.append((log_total - scaled[np.arange(len(labels)), labels]).mean())
    return float(TEMPERATURES[int(np.argmin(losses))])


def share(hit: NDArray[np.bool_]) -> dict[str, Any]:
    """Return accuracy, its 95 % interval and N for ``hit`` bool [N], N >= 1."""
    low, high = wilson_interval(int(hit.sum()), len(hit))
    return {'accuracy': float(hit.mean()), 'low': low, 'high': high, 'count': len(hit)}


def coverage_curve(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Return the fraction ``answered`` and its ``accuracy`` for each of MIN_CONFIDENCES.

    Below ``min_confidence`` the label is UNKNOWN, that is not answered. ``accuracy`` is None if
    all are UNKNOWN.
    """
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == labels
    rows = []
    for least in MIN_CONFIDENCES:
        answered = confidence >= least
        rows.append(
            {
                'min_confidence': least,
                'answered': float(answered.mean()),
                'accuracy': float(hit[answered].mean()) if answered.any() else None,
            }
        )
    return rows


def classifier_figures(probabilities: NDArray[np.float32], faces: FaceSet) -> dict[str, Any]:
    """Return all metrics of ``probabilities`` [N, C] of N >= 1 faces, serialisable as JSON."""
    found = probabilities.argmax(axis=1)
    hit = found == faces.labels
    confusion = confusion_matrix(faces.labels, found, len(faces.label_names))
    groups = {
        f'{name}={value}': share(hit[values == value])
        for name, values in sorted(faces.groups.items())
        for value in np.unique(values)
    }
    recalls = {
        name: share(hit[faces.labels == i])
        for i, name in enumerate(faces.label_names)
        if (faces.labels == i).any()
    }
    return {
        **share(hit),
        'macro_f1': macro_f1(confusion),
        'ece': expected_calibration_error(probabilities, faces.labels),
        'labels': list(faces.label_names),
        'confusion': confusion.tolist(),
        'recall': recalls,
        'groups': groups,
        'coverage': coverage_curve(probabilities, faces.labels),
    }
