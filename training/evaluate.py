# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure a model, the very .tflite through face_affect.core, on any picture set.

    python -m training.evaluate --model models/emotion_mini_xception.json --data FILE.npz

Of a classifier, prints accuracy with a 95 % Wilson interval, macro-F1, calibration
error, recall by class, accuracy by group and what ``min_confidence`` does; if asked for,
also accuracy in worse pictures (``--robustness``) and by the size of faces in whole
pictures (``--face-sizes``). Of a detector: recall by face width, precision, false faces
and landmark error. ``--json`` prints one object instead.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
import json
from pathlib import Path
import sys
from typing import Any

from face_affect.core.detection import load_detector
from face_affect.core.models import find_model, ModelError, read_sidecar, Sidecar, write_sidecar
from face_affect.core.pipeline import ModelNames, Settings
from training.classification_metrics import classifier_figures
from training.classification_plots import plot_confusion, plot_coverage, plot_face_sizes
from training.dark_glasses import dark_glasses
from training.datasets import (
    DatasetError,
    FaceSet,
    load_faces,
    training_part,
    validation_part,
)
from training.detection_metrics import examine, figures_of
from training.detection_plots import plot_curves, write_sheets
from training.face_sizes import backgrounds_of, by_face_size
from training.inference import probabilities_of
from training.robustness import robustness
from training.scenes import load_scenes

PARTS = ('all', 'training', 'validation', 'PublicTest', 'PrivateTest')


def evaluate(sidecar: Sidecar, faces: FaceSet) -> dict[str, Any]:
    """Return all figures of ``sidecar`` on ``faces``, ready for JSON.

    Raises:
        DatasetError: the pictures are for another task, or there are none.

    """
    if faces.task != sidecar.task:
        raise DatasetError(
            f'model {sidecar.name} is for {sidecar.task}, '
            f'but the pictures have {faces.task} labels'
        )
    if not len(faces):
        raise DatasetError('no picture is left to evaluate; choose another --part')
    return {
        'model': sidecar.name,
        **classifier_figures(probabilities_of(sidecar, faces.images), faces),
    }


def default_confidence(task: str) -> float:
    """Return the node's default of ``emotion_min_confidence`` or ``gender_min_confidence``."""
    settings = Settings()
    return {'emotion': settings.emotion_min_confidence, 'gender': settings.gender_min_confidence}[
        task
    ]


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


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{value:.2%}'


def _print_detection_table(figures: dict[str, Any]) -> None:
    print(
        f'{figures["model"]} at threshold {figures["threshold"]:.2f} on {figures["scenes"]} '
        f'scenes: precision {_percent(figures["precision"])}; {figures["negatives"]} without a '
        f'face, {_percent(figures["clean_negatives"])} of them without a false one; landmark '
        f'error {_percent(figures["landmark_error"])} of the eye distance'
    )
    print('\nface width in the input     recall    faces')
    for name, recall in figures['recall'].items():
        print(f'{name + " px":24} {_percent(recall):>9} {figures["faces"][name]:8}')


def _print_table(figures: dict[str, Any]) -> None:
    print(
        f'{figures["model"]}: accuracy {figures["accuracy"]:.2%} '
        f'({figures["low"]:.2%} to {figures["high"]:.2%}, {figures["count"]} pictures), '
        f'macro-F1 {figures["macro_f1"]:.3f}, calibration error {figures["ece"]:.3f}'
    )
    for title in ('recall', 'groups', 'robustness'):
        if title not in figures:
            continue
        print(f'\n{title:32} accuracy   95 % interval     pictures')
        for name, row in figures[title].items():
            print(
                f'{name:32} {row["accuracy"]:7.2%}   {row["low"]:6.2%} to {row["high"]:6.2%} '
                f'{row["count"]:9}'
            )
    print('\nmin_confidence   answered   accuracy of these')
    for row in figures['coverage']:
        print(
            f'{row["min_confidence"]:14.2f} {row["answered"]:10.1%} '
            f'{_percent(row["accuracy"]):>12}'
        )
    if 'dark_glasses' in figures:
        _print_glasses(figures['dark_glasses'])
    for detector, rows in figures.get('face_sizes', {}).items():
        print(f'\n{detector}, size in 640x480   found   accuracy of these   95 % interval')
        for row in rows:
            print(
                f'{row["size"]:5} px {row["found"]:10.1%} {_percent(row["accuracy"]):>10} '
                f'{_percent(row["low"]):>10} to {_percent(row["high"])}'
            )


def _print_glasses(glasses: dict[str, Any]) -> None:
    print(f'\ndark glasses, {glasses["count"]} faces   without     with     true')
    print(
        f'{"accuracy":24} {glasses["accuracy"]["without"]:11.1%} '
        f'{glasses["accuracy"]["with"]:8.1%}'
    )
    for label, row in glasses['said'].items():
        print(
            f'{"called " + label:24} {row["without"]:11.1%} {row["with"]:8.1%} {row["true"]:8.1%}'
        )


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
        plot_curves(findings, threshold, sidecar.name, arguments.curves)
    if arguments.sheets:
        write_sheets(detector, scenes, threshold, arguments.sheets)
    if arguments.json:
        print(json.dumps(figures))
    else:
        _print_detection_table(figures)
    return 0


def _measure_further(
    sidecar: Sidecar, faces: FaceSet, figures: dict[str, Any], arguments: argparse.Namespace
) -> None:
    """Add to ``figures`` and draw what the arguments ask for."""
    detector = find_model(arguments.detector, 'face_detection')
    if arguments.robustness:
        figures['robustness'] = robustness(sidecar, faces)
        figures['dark_glasses'] = dark_glasses(sidecar, faces, detector)
    if arguments.face_sizes:
        curve = by_face_size(sidecar, detector, faces, backgrounds_of(arguments.backgrounds))
        figures['face_sizes'] = {detector.name: curve}
        plot_face_sizes(sidecar.name, figures['face_sizes'], arguments.face_sizes)
    if arguments.confusion:
        plot_confusion(figures, arguments.confusion)
    if arguments.coverage:
        plot_coverage(figures, default_confidence(sidecar.task), arguments.coverage)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m training.evaluate',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--model', type=Path, required=True, help='a sidecar, models/NAME.json')
    parser.add_argument(
        '--data',
        type=Path,
        required=True,
        help='a FER-2013, FairFace, UTKFace or scenes npz, a fer2013.csv, '
        'or a folder of class folders',
    )
    parser.add_argument(
        '--part', choices=PARTS, default='all', help='which rows (default: %(default)s)'
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=Settings().detection_threshold,
        help='the score from which a detection counts (default: %(default)s)',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument(
        '--confusion', type=Path, metavar='PNG', help="draw a classifier's confusion matrix there"
    )
    parser.add_argument(
        '--coverage',
        type=Path,
        metavar='PNG',
        help="draw a classifier's accuracy by answered part there",
    )
    parser.add_argument(
        '--robustness',
        action='store_true',
        help='measure a classifier in worse pictures and with dark glasses, too',
    )
    parser.add_argument(
        '--face-sizes',
        type=Path,
        metavar='PNG',
        help='put the faces into whole pictures, measure a classifier behind the '
        'detector by their size, and draw that there',
    )
    parser.add_argument(
        '--backgrounds',
        type=Path,
        metavar='NPZ',
        help='scenes whose face-free ones these pictures are (default: made ones)',
    )
    parser.add_argument(
        '--detector',
        default=ModelNames().detector,
        help='which detector finds the faces (default: %(default)s)',
    )
    parser.add_argument(
        '--curves',
        type=Path,
        metavar='PNG',
        help="draw a detector's recall by size and its precision there",
    )
    parser.add_argument(
        '--sheets',
        type=Path,
        metavar='FOLDER',
        help='show what a detector found, missed and took for a face there',
    )
    parser.add_argument(
        '--record', metavar='NAME', help='keep the accuracy in the sidecar under this name'
    )
    arguments = parser.parse_args()
    try:
        sidecar = read_sidecar(arguments.model)
        if sidecar.task == 'face_detection':
            return _detection_main(sidecar, arguments)
        faces = select(load_faces(arguments.data), arguments.part)
        figures = evaluate(sidecar, faces)
        _measure_further(sidecar, faces, figures, arguments)
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if arguments.record:
        measured = {**sidecar.accuracy, arguments.record: round(figures['accuracy'], 4)}
        write_sidecar(replace(sidecar, accuracy=measured))
    if arguments.json:
        print(json.dumps(figures))
    else:
        _print_table(figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
