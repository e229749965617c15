# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The generated part of a face detector's model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from face_affect.core.detection import Detector, load_detector
from face_affect.core.models import available_models, DETECTION, Sidecar
from face_affect.core.settings import Settings
from support.markdown import table
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, SceneSet
from training.evaluation.classification_metrics import share
from training.evaluation.detection_metrics import (
    examine,
    figures_of,
    Findings,
    IOU,
    LANDMARK_WIDTH,
    PRECISION,
    SameSizes,
    SIZE_NAMES,
    SIZES,
)
from training.evaluation.detection_plots import plot_curves
from training.evaluation.markdown import interval, percent
from training.evaluation.rolled_scenes import rolled

SMALLEST_BY_SOURCE = 16  # pixels of the input
ROLLS = range(0, 181, 15)  # degrees


def card_figures(sidecar: Sidecar, data: Path, images: Path) -> str:
    """Evaluate the model on its recipe's scenes in folder ``data``; see ``classifier_card``.

    Raises:
        FileNotFoundError: the scenes are missing.
        DatasetError: the sidecar has no recipe, or no scene is held out.

    """
    if 'recipe' not in sidecar.training:
        raise DatasetError(
            f'model {sidecar.name} has no recipe in its sidecar, which names the test scenes'
        )
    name = sidecar.training['recipe']['data']
    scenes = load_scenes(data / name).split(validation=True)
    if not len(scenes):
        raise DatasetError(f'{data / name} has no scene in the held-out tenth')
    detector = load_detector(sidecar)
    findings = examine(detector, scenes)
    default, sure = Settings().detection_threshold, findings.threshold_for(PRECISION)
    picture = images / f'{sidecar.name}_curves.png'
    plot_curves(findings, default, sidecar.name, picture)
    own = [
        (f'{sidecar.name} at {threshold:.2f}{note}', figures_of(findings, threshold))
        for threshold, note in ((default, " (the node's default)"), (sure, ''))
    ]
    others = []
    for other in available_models():
        if other.task == DETECTION and other.name != sidecar.name:
            seen = examine(SameSizes(load_detector(other)), scenes)
            threshold = seen.threshold_for(PRECISION)
            others.append((f'{other.name} at {threshold:.2f}', figures_of(seen, threshold)))
    faces = int((findings.width >= SIZES[0]).sum())
    arithmetic = sidecar.quantisation.split(',')[0]
    return f"""## Figures

Of the {arithmetic} file through `face_affect.core`, on the held-out tenth of {Path(name).stem}:
{len(scenes):,} scenes, {faces:,} faces of {SIZES[0]} pixels and more,
{own[0][1]['negatives']} scenes without a face. Recall by face width in a 320x240 input, at an IoU
of {IOU}; at the node's default threshold, and at the lowest with a precision of
{percent(PRECISION)}:

{_recall(own + others)}

{_precision(own + others)}

The landmark error is the mean distance of the landmarks, relative to the eye distance, of faces
of {LANDMARK_WIDTH} pixels and more.

![Recall by size, precision against recall](../{images.name}/{picture.name})

{_by_source(findings, default)}

{_by_roll(detector, scenes, default)}"""


def _recall(rows: list[tuple[str, dict[str, Any]]]) -> str:
    return table(
        ('recall', *(f'{name} px' for name in SIZE_NAMES)),
        [
            (name, *(percent(figures['recall'][size]) for size in SIZE_NAMES))
            for name, figures in rows
        ],
    )


def _precision(rows: list[tuple[str, dict[str, Any]]]) -> str:
    return table(
        (
            '',
            'precision',
            'false positives per scene without a face',
            'such scenes without a false positive',
            'landmark error',
        ),
        [
            (
                name,
                percent(figures['precision']),
                '-'
                if figures['false_per_negative'] is None
                else f'{figures["false_per_negative"]:.3f}',
                percent(figures['clean_negatives']),
                percent(figures['landmark_error']),
            )
            for name, figures in rows
        ],
    )


def _by_source(findings: Findings, threshold: float) -> str:
    """Return recall by source, and the sources significantly below the overall recall."""
    large = findings.width >= SMALLEST_BY_SOURCE
    found = findings.best >= threshold
    rows = {
        str(source): share(found[large & (findings.source == source)])
        for source in np.unique(findings.source[large])
    }
    overall = float(found[large].mean())
    worse = [name for name, row in rows.items() if row['high'] < overall]
    return f"""### By source

Faces of {SMALLEST_BY_SOURCE} pixels and more, at {threshold:.2f}; the overall recall is
{percent(overall)}. Sources whose 95 % interval is below it: {', '.join(worse) or 'none'}.

""" + table(
        ('source', 'recall', '95 % interval', 'faces'),
        [
            (name, percent(row['accuracy']), interval(row['low'], row['high']), str(row['count']))
            for name, row in rows.items()
        ],
    )


def _by_roll(detector: Detector, scenes: SceneSet, threshold: float) -> str:
    """Return recall and precision by the roll of the faces."""
    with_faces = [scene for scene in scenes.scenes if len(scene.boxes)]
    rows = []
    for roll in ROLLS:
        turned = [rolled(scene, roll) for scene in with_faces]
        found = examine(detector, SceneSet(turned, np.arange(len(turned), dtype=np.uint32)))
        recalls = (found.recall(threshold, 16, 32), found.recall(threshold, 32))
        rows.append((f'{roll}°', *map(percent, recalls), percent(found.precision(threshold))))
    return f"""### By roll

The {len(with_faces)} scenes with faces, rotated about their centre in a larger picture, in which
faces are smaller; at {threshold:.2f}:

""" + table(('roll', 'recall, 16-32 px', 'recall, 32 px and more', 'precision'), rows)
