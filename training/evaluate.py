# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluate a model, the .tflite file through face_affect.core, on a data set.

    python -m training.evaluate --model models/emotion_mini_xception.json --data FILE.npz

For a classifier, prints accuracy with a 95 % Wilson interval, macro-F1, calibration error, recall
by class, accuracy by group, and coverage by ``min_confidence``; optionally accuracy on degraded
images (``--robustness``) and by face size in synthetic scenes (``--face-sizes``). For a detector:
recall by face width, precision, false positives and landmark error. ``--json`` prints one object
instead.
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
    """Run the command line; return the exit code, 2 after an error."""
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
        '--part', choices=PARTS, default='all', help='part of the data (default: %(default)s)'
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=Settings().detection_threshold,
        help='minimum score of a detection (default: %(default)s)',
    )
    parser.add_argument(
        '--detection-width',
        type=int,
        metavar='PIXELS',
        help="evaluate a detector's variant with that input width; face sizes are then in pixels "
        'of a 320x240 input',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument(
        '--confusion', type=Path, metavar='PNG', help="plot a classifier's confusion matrix"
    )
    parser.add_argument(
        '--coverage',
        type=Path,
        metavar='PNG',
        help="plot a classifier's accuracy against coverage",
    )
    parser.add_argument(
        '--robustness',
        action='store_true',
        help='also evaluate a classifier on degraded images and with dark glasses',
    )
    parser.add_argument(
        '--face-sizes',
        type=Path,
        metavar='PNG',
        help='place the faces into synthetic scenes, evaluate detector and classifier end to end '
        'by face size, and plot the result',
    )
    parser.add_argument(
        '--backgrounds',
        type=Path,
        metavar='NPZ',
        help='scenes, of which those without a face are the backgrounds (default: synthetic ones)',
    )
    parser.add_argument(
        '--detector',
        default=ModelNames().detector,
        help='the detector of the faces (default: %(default)s)',
    )
    parser.add_argument(
        '--curves',
        type=Path,
        metavar='PNG',
        help="plot a detector's recall by face width and its precision",
    )
    parser.add_argument(
        '--sheets',
        type=Path,
        metavar='FOLDER',
        help="write a detector's hits, misses and false positives as contact sheets",
    )
    parser.add_argument(
        '--record', metavar='NAME', help='store the accuracy in the sidecar under this name'
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
