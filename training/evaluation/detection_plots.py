# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Plots of detector metrics, and contact sheets of hits, misses and false positives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray

from face_affect.core.detection import Detector
from training.data.scenes import SceneSet
from training.evaluation.detection_metrics import Findings, IGNORED_PART, IOU, overlap, SIZES

WIDTH_BOUNDS = np.geomspace(SIZES[0], 128, 13)  # pixels of the detector's input
THRESHOLDS = np.linspace(0.1, 0.98, 89)
TILE, COLUMNS, ROWS = 144, 10, 5


def plot_curves(findings: Findings, threshold: float, name: str, picture: Path) -> None:
    """Plot recall against face width, and precision against recall by size."""
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure, (sizes, trade) = plt.subplots(1, 2, figsize=(11, 4.2))
    bounds = list(pairwise(WIDTH_BOUNDS))
    sizes.plot(
        [np.sqrt(low * high) for low, high in bounds],
        [findings.recall(threshold, low, high) for low, high in bounds],
        marker='o',
    )
    sizes.set(
        xscale='log',
        ylim=(0, 1.02),
        xlabel='face width in the input (pixels)',
        ylabel='recall',
        title=f'{name} at threshold {threshold:.2f}',
    )
    sizes.set_xticks([8, 12, 16, 24, 32, 64, 128], ['8', '12', '16', '24', '32', '64', '128'])
    for low, high in ((8, 16), (16, 32), (32, np.inf)):
        label = f'{low} to {high} px' if np.isfinite(high) else f'{low} px and more'
        trade.plot(
            [findings.recall(t, low, high) for t in THRESHOLDS],
            [findings.precision(t) for t in THRESHOLDS],
            label=label,
        )
    trade.set(
        xlim=(0, 1.02),
        ylim=(0.8, 1.005),
        xlabel='recall',
        ylabel='precision (all sizes)',
        title='by face width, threshold 0.10 to 0.98',
    )
    for panel in (sizes, trade):
        panel.grid(alpha=0.3)
    trade.legend()
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    plt.close(figure)


def write_sheets(detector: Detector, scenes: SceneSet, threshold: float, folder: Path) -> None:
    """Write the contact sheets hits.jpg, misses.jpg and false.jpg with the first of each."""
    folder.mkdir(parents=True, exist_ok=True)
    tiles: dict[str, list[NDArray[np.uint8]]] = {'hits': [], 'misses': [], 'false': []}
    for kind, image, box, caption in _cases(detector, scenes, threshold):
        if len(tiles[kind]) < COLUMNS * ROWS:
            tiles[kind].append(_tile(image, box, caption))
    for kind, pictures in tiles.items():
        blank = np.zeros((TILE, TILE, 3), dtype=np.uint8)
        pictures += [blank] * (COLUMNS * ROWS - len(pictures))
        rows = [np.hstack(pictures[i : i + COLUMNS]) for i in range(0, len(pictures), COLUMNS)]
        cv2.imwrite(str(folder / f'{kind}.jpg'), np.vstack(rows))


def _cases(
    detector: Detector, scenes: SceneSet, threshold: float
) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.float32], str]]:
    """Yield kind, image, box and caption of all cases, in a random order of scenes."""
    for row in np.random.default_rng(0).permutation(len(scenes)):
        scene = scenes.scenes[int(row)]
        found = detector(scene.image, threshold)
        boxes = np.array(
            [(one.box.x, one.box.y, one.box.width, one.box.height) for one in found],
            dtype=np.float32,
        ).reshape(-1, 4)
        for box, one in zip(boxes, found):
            iou, inside = overlap(scene.boxes, box)
            if (iou[~scene.ignore] >= IOU).any():
                yield 'hits', scene.image, box, f'{one.score:.2f}'
            elif not (inside[scene.ignore] >= IGNORED_PART).any():
                yield 'false', scene.image, box, f'{one.score:.2f}'
        width, height = detector.input_size
        scale = min(width / scene.image.shape[1], height / scene.image.shape[0])
        for box in scene.boxes[~scene.ignore]:
            if box[2] * scale >= SIZES[0] and not (overlap(boxes, box)[0] >= IOU).any():
                yield 'misses', scene.image, box, f'{box[2] * scale:.0f} px'


def _tile(image: NDArray[np.uint8], box: NDArray[np.float32], caption: str) -> NDArray[np.uint8]:
    """Return a tile centred on ``box``, with the box drawn and a caption."""
    zoom = float(TILE * 0.4 / box[2:].max())
    shift = np.full(2, TILE / 2) - (box[:2] + box[2:] / 2) * zoom
    tile = cv2.warpAffine(
        image, np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]]), (TILE, TILE)
    )
    corners = np.round([box[:2] * zoom + shift, (box[:2] + box[2:]) * zoom + shift]).astype(int)
    cv2.rectangle(tile, corners[0].tolist(), corners[1].tolist(), (0, 255, 255), 1)
    cv2.putText(tile, caption, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 255, 0), 1)
    return np.asarray(tile, dtype=np.uint8)
