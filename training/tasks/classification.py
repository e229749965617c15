# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Emotion or gender of face crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

from face_affect.core.classification import softmax
from face_affect.core.models import Sidecar
from training.data.augmentation import Augmentation, AugmentedFaces, network_input
from training.data.faces import DatasetError, training_part, validation_part
from training.data.loading import load_faces
from training.evaluation.classification_metrics import (
    accuracy_of,
    expected_calibration_error,
    fit_temperature,
)
from training.evaluation.inference import logits_of
from training.models.architectures import build, predict
from training.recipe import load_recipe, Recipe, RecipeError

CALIBRATION_PICTURES = 2000


class Classification:
    """A classifier's task."""

    decoder = None

    def __init__(self, recipe: Recipe, data: Path) -> None:
        """Load the pictures that ``recipe`` names from folder ``data``.

        Raises:
            FileNotFoundError: they are missing.
            DatasetError: they are for another task.

        """
        faces = load_faces(data / recipe.data, recipe.ferplus_weight)
        if faces.task != recipe.task:
            raise DatasetError(f'{recipe.data} holds {faces.task} labels, not {recipe.task}')
        self._recipe = recipe
        self._fitted, self._held_out = training_part(faces), validation_part(faces)
        self._teacher: nn.Module | None = None
        self.labels = faces.label_names
        self.pictures = len(self._fitted)

    def network(self) -> nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture, len(self.labels))

    def load_teacher(self, runs: Path) -> None:
        """Load the network that teaches, if the recipe names one; see Task."""
        name = self._recipe.teacher
        if name is None:
            return
        weights = runs / name / 'weights.pt'
        if not weights.exists():
            raise RecipeError(f'{weights} is missing; train recipe {name} first, the teacher')
        teacher = build(load_recipe(Path(f'{name}.yaml')).architecture, len(self.labels))
        teacher.load_state_dict(torch.load(weights, map_location='cpu', weights_only=True))
        self._teacher = teacher.to(memory_format=torch.channels_last).eval()

    def views(self, epoch: int) -> AugmentedFaces:
        """Return one epoch's training samples: image, target."""
        recipe = self._recipe
        assert isinstance(recipe.augmentation, Augmentation)
        size = recipe.early_size if epoch < recipe.early_epochs else recipe.input_size
        return AugmentedFaces(self._fitted, recipe.augmentation, size, recipe.seed, epoch)

    def inputs(self, images: Tensor) -> Tensor:
        """Return the images as they are."""
        return images

    def loss(self, outputs: Tensor, targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the cross-entropy."""
        target = targets[0]
        if self._teacher is not None:
            with torch.no_grad(), torch.autocast(inputs.device.type, torch.bfloat16):
                taught = self._teacher.to(inputs.device)(inputs).float().softmax(1)
            target = torch.lerp(target, taught, self._recipe.teacher_weight)
        return functional.cross_entropy(
            outputs.float(), target, label_smoothing=self._recipe.label_smoothing
        )

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return loss and accuracy on the validation part."""
        images = torch.from_numpy(network_input(self._held_out.images, self._recipe.input_size))
        logits = predict(model, images, device)
        labels = torch.from_numpy(self._held_out.labels)
        return {
            'val_loss': functional.cross_entropy(logits, labels).item(),
            'val_accuracy': float((logits.argmax(1) == labels).float().mean()),
        }

    def calibration_set(self) -> NDArray[np.float32]:
        """Return training pictures f32 [N, 1, S, S]."""
        rows = np.random.default_rng(self._recipe.seed).choice(
            self.pictures, min(CALIBRATION_PICTURES, self.pictures), replace=False
        )
        return network_input(self._fitted.images[rows], self._recipe.input_size)

    def with_accuracy(self, sidecar: Sidecar, model: nn.Module) -> Sidecar:
        """Fit the temperature and record the accuracy on the validation part."""
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
