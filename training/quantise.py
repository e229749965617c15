# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

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
from face_affect.core.detection import DECODER, Detector, Letterbox, load_detector
from face_affect.core.models import CropGeometry, InputFormat, read_sidecar, Sidecar, write_sidecar
from face_affect.core.pipeline import Settings
from training.architectures import build, mac_count, parameter_count
from training.augmentation import network_input
from training.classification_metrics import accuracy_of, expected_calibration_error
from training.datasets import load_faces, training_part, validation_part
from training.detection_metrics import examine
from training.equalisation import equalised
from training.export import largest_difference, to_int8, to_tensorflow
from training.folding import fold_first_convolution
from training.inference import logits_of
from training.recipe import load_recipe, Recipe
from training.scenes import load_scenes
from training.score_range import focus_scores
from training.tasks import detector_input, detector_size, predict, TorchDetector

CALIBRATION_PICTURES = 2000
CALIBRATION_SCENES = 300
THRESHOLD = Settings().detection_threshold
LANDMARKS = (
    'right eye',
    'left eye',
    'nose',
    'right corner of the mouth',
    'left corner of the mouth',
)
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
    kind = QuantisedDetector if recipe.task == 'face_detection' else QuantisedClassifier
    task = kind(recipe, data)
    model = task.network()
    model.load_state_dict(torch.load(runs / recipe.name / 'weights.pt', weights_only=True))
    calibration = task.calibration()
    _, channels, height, width = calibration.shape
    function = to_tensorflow(equalised(model, calibration), (height, width, channels))
    difference = largest_difference(model, function, calibration[:8])
    if not difference <= TOLERANCE:  # NaN is no agreement
        raise ValueError(f'the exported graph differs from the network by {difference:.3g}')
    content = focus_scores(fold_first_convolution(to_int8(function, calibration)))
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
        decoder=task.decoder,
    )
    models.mkdir(exist_ok=True)
    sidecar.tflite.write_bytes(content)
    sidecar = task.measured(sidecar, model)
    write_sidecar(sidecar)
    return sidecar


class QuantisedClassifier:
    """What is particular to quantising a classifier."""

    decoder = None

    def __init__(self, recipe: Recipe, data: Path) -> None:
        """Load the pictures of ``recipe`` from folder ``data``."""
        faces = load_faces(data / recipe.data)
        self._recipe = recipe
        self._fitted, self._held_out = training_part(faces), validation_part(faces)
        self.labels = faces.label_names
        self.pictures = len(self._fitted)

    def network(self) -> torch.nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture, len(self.labels))

    def calibration(self) -> NDArray[np.float32]:
        """Return training pictures f32 [N, 1, S, S]."""
        rows = np.random.default_rng(self._recipe.seed).choice(
            self.pictures, min(CALIBRATION_PICTURES, self.pictures), replace=False
        )
        return network_input(self._fitted.images[rows], self._recipe.input_size)

    def measured(self, sidecar: Sidecar, model: torch.nn.Module) -> Sidecar:
        """Fit the temperature and note the accuracy on the validation part."""
        faces = self._held_out
        logits = logits_of(sidecar, faces.images)
        images = torch.from_numpy(network_input(faces.images, sidecar.input.width))
        trained = predict(model, images, torch.device('cpu')).numpy()
        sidecar = replace(sidecar, temperature=fit_temperature(logits, faces.labels))
        probabilities = softmax(logits / np.float32(sidecar.temperature))
        accuracy = {
            'validation': accuracy_of(probabilities, faces.labels),
            'validation_float': accuracy_of(trained, faces.labels),
            'validation_ece': expected_calibration_error(probabilities, faces.labels),
        }
        return replace(sidecar, accuracy={key: round(value, 4) for key, value in accuracy.items()})


class QuantisedDetector:
    """What is particular to quantising a detector."""

    decoder = DECODER
    labels = LANDMARKS

    def __init__(self, recipe: Recipe, data: Path) -> None:
        """Load the scenes of ``recipe`` from folder ``data``."""
        scenes = load_scenes(data / recipe.data)
        self._recipe = recipe
        self._fitted, self._held_out = scenes.split(False), scenes.split(True)
        self._extra = [
            (load_scenes(data / name).split(False), share)
            for name, share in recipe.extra_data.items()
        ]
        self._size = detector_size(recipe.input_size)
        self.pictures = len(self._fitted)

    def network(self) -> torch.nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture)

    def calibration(self) -> NDArray[np.float32]:
        """Return training scenes as the detector sees them, f32 [N, 3, H, W]."""
        rng = np.random.default_rng(self._recipe.seed)
        letterbox = Letterbox(*self._size)
        views = []
        for scenes, share in ((self._fitted, 1.0), *self._extra):
            rows = rng.choice(len(scenes), round(share * CALIBRATION_SCENES), replace=False)
            views += [letterbox(scenes.scenes[row].image).copy() for row in rows]
        return detector_input(np.stack(views)).numpy()

    def measured(self, sidecar: Sidecar, model: torch.nn.Module) -> Sidecar:
        """Note recall and precision on the validation part, before and after."""
        accuracy = {}
        detectors: dict[str, Detector] = {
            '': load_detector(sidecar),
            '_float': TorchDetector(model, *self._size),
        }
        for suffix, detector in detectors.items():
            findings = examine(detector, self._held_out)
            accuracy[f'validation_recall_16{suffix}'] = findings.recall(THRESHOLD, 16)
            accuracy[f'validation_precision{suffix}'] = findings.precision(THRESHOLD)
        return replace(sidecar, accuracy={key: round(value, 4) for key, value in accuracy.items()})


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m training.quantise',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('recipe', type=Path, help='the recipe that was trained')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument(
        '--runs',
        type=Path,
        default=Path('runs'),
        help='where training left the weights (default: %(default)s)',
    )
    parser.add_argument(
        '--models',
        type=Path,
        default=Path('models'),
        help='where the model goes (default: %(default)s)',
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
