"""Turn a trained network into models/NAME.tflite (full int8) and its sidecar.

    python -m training.quantise recipes/emotion_mini_xception.yaml --data DATA

Checks that the exported graph equals PyTorch's, fits the temperature on the
validation part, and keeps the crop geometry that an earlier sidecar holds.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
import hashlib
from pathlib import Path
import sys

import numpy as np
from numpy.typing import NDArray
import torch

from face_affect.core.classification import softmax
from face_affect.core.models import CropGeometry, InputFormat, read_sidecar, Sidecar, write_sidecar
from face_affect.core.runtime import Network
from training.architectures import build, mac_count, parameter_count
from training.augmentation import network_input
from training.datasets import FaceSet, load_faces, resized, training_part, validation_part
from training.evaluate import accuracy_of, expected_calibration_error
from training.export import largest_difference, to_int8, to_tensorflow
from training.recipe import load_recipe, Recipe
from training.train import predict

CALIBRATION_PICTURES = 2000
TOLERANCE = 1e-3  # of a logit, between PyTorch's and the exported graph's
TEMPERATURES = np.geomspace(0.3, 3.0, 100)


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the temperature with the least cross-entropy (Guo et al. 2017)."""
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(scaled).sum(axis=1))
        losses.append((log_total - scaled[np.arange(len(labels)), labels]).mean())
    return float(TEMPERATURES[int(np.argmin(losses))])


def _crop_geometries(path: Path) -> dict[str, CropGeometry]:
    return dict(read_sidecar(path).crop) if path.exists() else {}


def quantise(recipe: Recipe, data: Path, runs: Path, models: Path) -> Sidecar:
    """Write the int8 network and its sidecar, and return the sidecar.

    Raises:
        ValueError: the exported graph differs from the trained network.

    """
    faces = load_faces(data / recipe.data)
    model = build(recipe.architecture, len(faces.label_names))
    model.load_state_dict(torch.load(runs / recipe.name / 'weights.pt', weights_only=True))
    fitted, held_out = training_part(faces), validation_part(faces)
    rows = np.random.default_rng(recipe.seed).choice(
        len(fitted), CALIBRATION_PICTURES, replace=False)
    calibration = network_input(fitted.images[rows], recipe.input_size)
    function = to_tensorflow(model, recipe.input_size)
    difference = largest_difference(model, function, calibration[:50])
    if difference > TOLERANCE:
        raise ValueError(f'the exported graph differs from the network by {difference:.3g}')
    content = to_int8(function, calibration)
    path = models / f'{recipe.name}.json'
    sidecar = Sidecar(
        path=path, name=recipe.name, task=recipe.task,
        sha256=hashlib.sha256(content).hexdigest(), labels=faces.label_names,
        input=InputFormat(recipe.input_size, recipe.input_size, 'gray', 1 / 255, 0.0),
        quantisation='int8, per channel, after training',
        parameters=parameter_count(model), macs=mac_count(model, recipe.input_size),
        licence='Apache-2.0', training={'recipe': asdict(recipe), 'data': recipe.data_licence,
                                        'pictures': len(fitted)},
        crop=_crop_geometries(path))
    models.mkdir(exist_ok=True)
    sidecar.tflite.write_bytes(content)
    sidecar = _measured(sidecar, held_out, model)
    write_sidecar(sidecar)
    return sidecar


def _measured(sidecar: Sidecar, held_out: FaceSet, model: torch.nn.Module) -> Sidecar:
    """Fit the temperature and note the accuracy on the validation part."""
    network = Network(sidecar)
    pictures = resized(held_out.images, sidecar.input.width)
    logits = np.stack([network(picture)[0] for picture in pictures])
    images = torch.from_numpy(network_input(held_out.images, sidecar.input.width))
    trained = predict(model, images, torch.device('cpu')).numpy()
    sidecar = replace(sidecar, temperature=fit_temperature(logits, held_out.labels))
    probabilities = softmax(logits / np.float32(sidecar.temperature))
    accuracy = {
        'validation': accuracy_of(probabilities, held_out.labels),
        'validation_float': accuracy_of(trained, held_out.labels),
        'validation_ece': expected_calibration_error(probabilities, held_out.labels)}
    return replace(sidecar, accuracy={key: round(value, 4) for key, value in accuracy.items()})


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m training.quantise', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('recipe', type=Path, help='the recipe that was trained')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument('--runs', type=Path, default=Path('runs'),
                        help='where training left the weights (default: %(default)s)')
    parser.add_argument('--models', type=Path, default=Path('models'),
                        help='where the model goes (default: %(default)s)')
    arguments = parser.parse_args()
    try:
        sidecar = quantise(load_recipe(arguments.recipe), arguments.data, arguments.runs,
                           arguments.models)
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{sidecar.tflite}: {dict(sidecar.accuracy)}, temperature {sidecar.temperature:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
