# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Export an int8 detector at other input widths: the variants of ``detection_width``.

    python -m training.detector_widths face_detector --data DATA

Writes models/NAME_WIDTH.tflite, with the weights and scales of models/NAME.tflite, and its
sidecar. Each variant is compared on the held-out scenes with the float network at the same
input size, from training/weights/NAME.pt.
"""

from __future__ import annotations

from dataclasses import replace
import hashlib
from pathlib import Path
import sys

import torch
from torch import nn

from face_affect.core.models import ModelError, read_sidecar, Sidecar, variant_path, write_sidecar
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, SceneSet
from training.export.input_size import with_input_size
from training.models.architectures import build, mac_count
from training.tasks.face_detection import detector_accuracy, detector_size

ROOT = Path(__file__).parents[1]
WIDTHS = (480, 640)
TOLERANCE = 0.03  # maximum difference of recall and precision between int8 and float


def write_variant(detector: Sidecar, model: nn.Module, width: int, scenes: SceneSet) -> Sidecar:
    """Write the variant of ``detector`` with an input of ``width`` pixels; return its sidecar.

    ``model`` is the float network, ``scenes`` the test set of both.

    Raises:
        ModelError: the detector's network cannot be used.
        ValueError: it is not fully convolutional, or int8 and float differ by more than TOLERANCE.

    """
    size = detector_size(width)
    content = with_input_size(detector.network_bytes(), *size)
    path = variant_path(detector, width)
    variant = replace(
        detector,
        path=path,
        name=path.stem,
        sha256=hashlib.sha256(content).hexdigest(),
        input=replace(detector.input, width=size[0], height=size[1]),
        macs=mac_count(model, (3, size[1], size[0])),
        training={'sha256': detector.sha256},
        accuracy={},
        variant_of=detector.name,
    )
    variant.tflite.write_bytes(content)
    accuracy = detector_accuracy(variant, model, scenes)
    for name in list(accuracy)[:2]:
        if not abs(accuracy[name] - accuracy[f'{name}_float']) <= TOLERANCE:
            raise ValueError(
                f'{variant.name}: {name} is {accuracy[name]:.4f} as int8 and '
                f'{accuracy[f"{name}_float"]:.4f} in float, but may differ by {TOLERANCE}'
            )
    variant = replace(variant, accuracy={name: round(part, 4) for name, part in accuracy.items()})
    write_sidecar(variant)
    return variant


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.detector_widths', __doc__)
    parser.add_argument('name', help='the detector, models/NAME.json')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the scenes')
    parser.add_argument(
        '--widths',
        type=int,
        nargs='+',
        default=WIDTHS,
        help='input widths in pixels, multiples of 32 (default: 480 640)',
    )
    arguments = parser.parse_args()
    try:
        detector = read_sidecar(ROOT / 'models' / f'{arguments.name}.json')
        recipe = detector.training['recipe']
        model = build(recipe['architecture'])
        weights = ROOT / 'training' / 'weights' / f'{detector.name}.pt'
        model.load_state_dict(torch.load(weights, weights_only=True))
        scenes = load_scenes(arguments.data / recipe['data']).split(validation=True)
        for width in arguments.widths:
            variant = write_variant(detector, model.eval(), width, scenes)
            print(variant.name, variant.accuracy)
    except (DatasetError, ModelError, FileNotFoundError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
