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

from dataclasses import replace
from pathlib import Path
import sys

from face_affect.core.models import ModelError, read_sidecar, write_sidecar
from face_affect.core.settings import ModelNames, Settings
from face_affect.core.strict_json import nan_as_none, to_json
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.evaluation.evaluation import evaluation_of

PARTS = ('all', 'training', 'validation', 'PublicTest', 'PrivateTest')


def main() -> int:
    """Run the command line."""
    parser = module_parser('training.evaluate', __doc__)
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
    parser.add_argument(
        '--detection-width',
        type=int,
        metavar='PIXELS',
        help="measure a detector's variant with an input of that width; face sizes then "
        'count in pixels of a 320x240 input',
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
        evaluation = evaluation_of(sidecar)
        figures = evaluation.evaluate_file(sidecar, arguments)
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if arguments.record:
        accuracy = {**sidecar.accuracy, arguments.record: round(figures['accuracy'], 4)}
        write_sidecar(replace(sidecar, accuracy=accuracy))
    if arguments.json:
        print(to_json(nan_as_none(figures)))
    else:
        evaluation.print_table(figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
