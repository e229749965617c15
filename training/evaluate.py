# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure a model, the very .tflite through face_affect.core, on any picture set.

    python -m training.evaluate --model models/emotion_mini_xception.json --data FILE.npz

Of a classifier, prints accuracy with a 95 % Wilson interval, macro-F1, calibration
error, recall by class and accuracy by group; of a detector, recall by face width,
precision, false faces and landmark error. ``--json`` prints one object instead.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
import json
import math
from pathlib import Path
import sys
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.classification import softmax
from face_affect.core.detection import load_detector
from face_affect.core.models import ModelError, read_sidecar, Sidecar, write_sidecar
from face_affect.core.pipeline import Settings
from face_affect.core.runtime import Network
from training.datasets import (
    DatasetError,
    FaceSet,
    load_faces,
    resized,
    training_part,
    validation_part,
)
from training.detection_metrics import examine, figures_of
from training.scenes import load_scenes

PARTS = ('all', 'training', 'validation', 'PublicTest', 'PrivateTest')


def probabilities_of(sidecar: Sidecar, faces: FaceSet) -> NDArray[np.float32]:
    """Return the calibrated probabilities f32 [N, C] of all pictures."""
    network = Network(sidecar)
    pictures = resized(faces.images, sidecar.input.width)
    logits = np.stack([network(picture)[0]
                       for picture in tqdm(pictures, sidecar.name, disable=None, leave=False)])
    return softmax(logits / np.float32(sidecar.temperature))


def accuracy_of(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the part of rows whose largest score is at the label."""
    return float((scores.argmax(axis=1) == labels).mean())


def wilson_interval(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % confidence interval of hits / total (Wilson 1927)."""
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return middle - half, middle + half


def confusion_matrix(
    labels: NDArray[np.int64], found: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return counts [true, found]."""
    return np.bincount(labels * classes + found, minlength=classes ** 2).reshape(classes, classes)


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Return the mean of the classes' F1, over classes that occur."""
    hits = np.diag(confusion)
    totals = confusion.sum(axis=0) + confusion.sum(axis=1)
    present = confusion.sum(axis=1) > 0
    return float((2 * hits[present] / totals[present]).mean())


def expected_calibration_error(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], bins: int = 15
) -> float:
    """Return the mean gap between confidence and accuracy (Guo et al. 2017)."""
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(hit[which == i].sum() - confidence[which == i].sum()) for i in range(bins)]
    return float(sum(gaps) / len(labels))


def _share(hit: NDArray[np.bool_]) -> dict[str, Any]:
    low, high = wilson_interval(int(hit.sum()), len(hit))
    return {'accuracy': float(hit.mean()), 'low': low, 'high': high, 'count': len(hit)}


def evaluate(sidecar: Sidecar, faces: FaceSet) -> dict[str, Any]:
    """Return all figures of ``sidecar`` on ``faces``, ready for JSON.

    Raises:
        DatasetError: the pictures are for another task, or there are none.

    """
    if faces.task != sidecar.task:
        raise DatasetError(f'model {sidecar.name} is for {sidecar.task}, '
                           f'but the pictures have {faces.task} labels')
    if not len(faces):
        raise DatasetError('no picture is left to evaluate; choose another --part')
    probabilities = probabilities_of(sidecar, faces)
    found = probabilities.argmax(axis=1)
    hit = found == faces.labels
    confusion = confusion_matrix(faces.labels, found, len(faces.label_names))
    groups = {f'{name}={value}': _share(hit[values == value])
              for name, values in sorted(faces.groups.items()) for value in np.unique(values)}
    recalls = {name: _share(hit[faces.labels == i])
               for i, name in enumerate(faces.label_names) if (faces.labels == i).any()}
    return {'model': sidecar.name, **_share(hit), 'macro_f1': macro_f1(confusion),
            'ece': expected_calibration_error(probabilities, faces.labels),
            'labels': list(faces.label_names), 'confusion': confusion.tolist(),
            'recall': recalls, 'groups': groups}


def select(faces: FaceSet, part: str) -> FaceSet:
    """Return one of PARTS of a set.

    Raises:
        DatasetError: the set has no such part.

    """
    if part == 'all':
        return faces
    if part == 'training':
        return training_part(faces)
    if part == 'validation':
        return validation_part(faces)
    if 'usage' not in faces.groups:
        raise DatasetError(f'this picture set has no part {part}')
    return faces.subset(faces.groups['usage'] == part)


def _print_detection_table(figures: dict[str, Any]) -> None:
    def percent(value: Optional[float]) -> str:
        return '-' if value is None else f'{value:.2%}'

    print(f'{figures["model"]} at threshold {figures["threshold"]:.2f} on {figures["scenes"]} '
          f'scenes: precision {percent(figures["precision"])}; {figures["negatives"]} without a '
          f'face, {percent(figures["clean_negatives"])} of them without a false one; landmark '
          f'error {percent(figures["landmark_error"])} of the eye distance')
    print('\nface width in the input     recall    faces')
    for name, recall in figures['recall'].items():
        print(f'{name + " px":24} {percent(recall):>9} {figures["faces"][name]:8}')


def _print_table(figures: dict[str, Any]) -> None:
    print(f'{figures["model"]}: accuracy {figures["accuracy"]:.2%} '
          f'({figures["low"]:.2%} to {figures["high"]:.2%}, {figures["count"]} pictures), '
          f'macro-F1 {figures["macro_f1"]:.3f}, calibration error {figures["ece"]:.3f}')
    for title in ('recall', 'groups'):
        print(f'\n{title:32} accuracy   95 % interval     pictures')
        for name, row in figures[title].items():
            print(f'{name:32} {row["accuracy"]:7.2%}   {row["low"]:6.2%} to {row["high"]:6.2%} '
                  f'{row["count"]:9}')


def plot_confusion(figures: dict[str, Any], picture: Path) -> None:
    """Draw the confusion matrix, each row in parts of its class."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    matrix = np.array(figures['confusion'], dtype=float)
    matrix /= np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, panel = plt.subplots(figsize=(6, 5.5))
    panel.imshow(matrix, cmap='Blues', vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        panel.text(column, row, f'{matrix[row, column]:.2f}', ha='center', va='center',
                   color='white' if matrix[row, column] > 0.5 else 'black')
    ticks = range(len(figures['labels']))
    panel.set_xticks(ticks, figures['labels'], rotation=45)
    panel.set_yticks(ticks, figures['labels'])
    panel.set(xlabel='found', ylabel='true',
              title=f'{figures["model"]}, accuracy {figures["accuracy"]:.1%}')
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    plt.close(figure)


def _detection_main(sidecar: Sidecar, arguments: argparse.Namespace) -> int:
    scenes = load_scenes(arguments.data)
    if arguments.part in ('training', 'validation'):
        scenes = scenes.split(arguments.part == 'validation')
    elif arguments.part != 'all':
        raise DatasetError(f'this picture set has no part {arguments.part}')
    detector, threshold = load_detector(sidecar), arguments.threshold
    findings = examine(detector, scenes)
    figures = {'model': sidecar.name, 'scenes': len(scenes), **figures_of(findings, threshold)}
    if arguments.curves:
        from training.detection_plots import plot_curves
        plot_curves(findings, threshold, sidecar.name, arguments.curves)
    if arguments.sheets:
        from training.detection_plots import write_sheets
        write_sheets(detector, scenes, threshold, arguments.sheets)
    if arguments.json:
        print(json.dumps(figures))
    else:
        _print_detection_table(figures)
    return 0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m training.evaluate', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, required=True, help='a sidecar, models/NAME.json')
    parser.add_argument('--data', type=Path, required=True,
                        help='a FER-2013, FairFace, UTKFace or scenes npz')
    parser.add_argument('--part', choices=PARTS, default='all',
                        help='which rows (default: %(default)s)')
    parser.add_argument('--threshold', type=float, default=Settings().detection_threshold,
                        help='the score from which a detection counts (default: %(default)s)')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument('--confusion', type=Path, metavar='PNG',
                        help="draw a classifier's confusion matrix there")
    parser.add_argument('--curves', type=Path, metavar='PNG',
                        help="draw a detector's recall by size and its precision there")
    parser.add_argument('--sheets', type=Path, metavar='FOLDER',
                        help='show what a detector found, missed and took for a face there')
    parser.add_argument('--record', metavar='NAME',
                        help='keep the accuracy in the sidecar under this name')
    arguments = parser.parse_args()
    try:
        sidecar = read_sidecar(arguments.model)
        if sidecar.task == 'face_detection':
            return _detection_main(sidecar, arguments)
        faces = select(load_faces(arguments.data), arguments.part)
        figures = evaluate(sidecar, faces)
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if arguments.record:
        measured = {**sidecar.accuracy, arguments.record: round(figures['accuracy'], 4)}
        write_sidecar(replace(sidecar, accuracy=measured))
    if arguments.confusion:
        plot_confusion(figures, arguments.confusion)
    if arguments.json:
        print(json.dumps(figures))
    else:
        _print_table(figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
