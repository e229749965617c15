# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

r"""Calibrate the crop geometry of classifiers for a detector.

    python -m training.calibrate --model models/gender_mini_xception.json --data FILE.npz \
        --scenes DATA/face_scenes.npz

The detector runs on the training images; see ``training.export.crop_calibration``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import sys

from face_affect.core.detection import load_detector
from face_affect.core.models import DETECTION, find_model, ModelError, read_sidecar, write_sidecar
from face_affect.core.settings import ModelNames
from support.command_line import module_parser
from training.data.faces import DatasetError, training_part
from training.data.loading import load_faces
from training.data.scenes import load_scenes
from training.export.crop_calibration import calibrate


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.calibrate', __doc__)
    parser.add_argument(
        '--model',
        type=Path,
        nargs='+',
        required=True,
        help='the sidecars of classifiers trained on these images',
    )
    parser.add_argument(
        '--detector', default=ModelNames().detector, help='the detector (default: %(default)s)'
    )
    parser.add_argument('--data', type=Path, required=True, help='the training images (npz)')
    parser.add_argument(
        '--scenes',
        type=Path,
        help='scenes with labelled faces (npz), which correct for boxes that differ from those '
        'on training images',
    )
    parser.add_argument(
        '--limit', type=int, help='number of images, drawn at random (default: all)'
    )
    arguments = parser.parse_args()
    try:
        detector = load_detector(find_model(arguments.detector, DETECTION))
        faces = training_part(load_faces(arguments.data))
        if arguments.limit is not None:
            faces = faces.sample(arguments.limit)
        scenes = load_scenes(arguments.scenes).split(False).scenes if arguments.scenes else []
        geometry = calibrate(detector, faces, scenes)
        for sidecar in map(read_sidecar, arguments.model):
            write_sidecar(replace(sidecar, crop={**sidecar.crop, detector.name: geometry}))
        print(geometry)
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
