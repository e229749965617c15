# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Quantise a trained network to models/NAME.tflite (full int8) and write its sidecar.

    python -m training.quantise recipes/emotion_mini_xception.yaml --data DATA

Verifies that the exported graph equals the PyTorch network, fits the temperature on the
validation part, and keeps the crop geometry of an existing sidecar.
"""

from __future__ import annotations

from dataclasses import asdict
import hashlib
from pathlib import Path
import sys

import torch

from face_affect.core.models import CropGeometry, InputFormat, read_sidecar, Sidecar, write_sidecar
from support.command_line import module_parser
from training.export.cross_layer_equalisation import equalised
from training.export.output_requantisation import focus_outputs
from training.export.pixel_folding import fold_first_convolution
from training.export.tensorflow_lite import largest_difference, to_int8, to_tensorflow
from training.models.architectures import mac_count, parameter_count
from training.recipe import load_recipe, Recipe
from training.tasks import load_task

TOLERANCE = 1e-3  # maximum difference of outputs between PyTorch and the exported graph


def _crop_geometries(path: Path) -> dict[str, CropGeometry]:
    return dict(read_sidecar(path).crop) if path.exists() else {}


def quantise(recipe: Recipe, data: Path, runs: Path, models: Path) -> Sidecar:
    """Write the int8 network and its sidecar to ``models``, and return the sidecar.

    Raises:
        FileNotFoundError: data or trained weights are missing.
        ValueError: the exported graph differs from the trained network by more than TOLERANCE.

    """
    task = load_task(recipe, data)
    model = task.network()
    model.load_state_dict(torch.load(runs / recipe.name / 'weights.pt', weights_only=True))
    calibration = task.calibration_set()
    _, channels, height, width = calibration.shape
    function = to_tensorflow(equalised(model, calibration), (height, width, channels))
    difference = largest_difference(model, function, calibration[:8])
    if not difference <= TOLERANCE:  # also true for NaN
        raise ValueError(
            f'outputs of the exported graph differ from those of the network by {difference:.3g}, '
            f'but may differ by {TOLERANCE:g}; see training/export/tensorflow_lite.py'
        )
    content = focus_outputs(fold_first_convolution(to_int8(function, calibration)))
    path = models / f'{recipe.name}.json'
    sidecar = Sidecar(
        path=path,
        name=recipe.name,
        task=recipe.task,
        sha256=hashlib.sha256(content).hexdigest(),
        labels=task.labels,
        input=InputFormat(width, height, 'gray' if channels == 1 else 'rgb', 1 / 255, 0.0),
        quantisation='int8, per channel, after training',
        parameters=parameter_count(model),
        macs=mac_count(model, (channels, height, width)),
        licence='Apache-2.0',
        training={
            'recipe': asdict(recipe),
            'data': recipe.data_licence,
            'pictures': task.pictures,
        },
        crop=_crop_geometries(path),
    )
    models.mkdir(exist_ok=True)
    sidecar.tflite.write_bytes(content)
    sidecar = task.with_accuracy(sidecar, model)
    write_sidecar(sidecar)
    return sidecar


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.quantise', __doc__)
    parser.add_argument('recipe', type=Path, help='the recipe of the trained network')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument(
        '--runs',
        type=Path,
        default=Path('runs'),
        help='the folder of the trained weights (default: %(default)s)',
    )
    parser.add_argument(
        '--models',
        type=Path,
        default=Path('models'),
        help='the folder for the model (default: %(default)s)',
    )
    arguments = parser.parse_args()
    try:
        sidecar = quantise(
            load_recipe(arguments.recipe), arguments.data, arguments.runs, arguments.models
        )
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{sidecar.tflite}: {dict(sidecar.accuracy)}, temperature {sidecar.temperature:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
