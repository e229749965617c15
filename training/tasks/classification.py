# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Training of classifiers of face crops: emotion or gender."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional

from face_affect.core.classification import softmax
from face_affect.core.models import Head, Sidecar
from training.data.augmentation import Augmentation, AugmentedFaces, network_input
from training.data.faces import DatasetError, FaceSet, training_part, validation_part
from training.data.loading import load_faces
from training.evaluation.classification_metrics import (
    accuracy_of,
    expected_calibration_error,
    fit_temperature,
)
from training.evaluation.inference import logits_of
from training.models.architectures import build, predict
from training.models.heads import by_head, with_heads
from training.models.losses import soft_cross_entropy
from training.models.mixed_precision import mixed_precision
from training.recipe import load_recipe, Recipe, RecipeError

CALIBRATION_PICTURES = 2000


class Classification:
    """The task of a classifier; see Task.

    ``fitted`` and ``held_out``: training and validation part; ``targets`` f32 [N, C] of each head.
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        """Load the data set of ``recipe`` from folder ``data``.

        Raises:
            FileNotFoundError: the file is missing.
            DatasetError: the file has an unsupported format.
            RecipeError: the recipe cannot be used with the data; the message names the key.

        """
        faces = load_faces(data / recipe.data)
        if faces.task != recipe.task:
            raise RecipeError(
                f'recipe {recipe.name}: task is {recipe.task}, but {recipe.data} has '
                f'{faces.task} labels'
            )
        for group in recipe.balance:
            if group not in faces.groups:
                raise RecipeError(
                    f'recipe {recipe.name}: balance has group {group!r}, but {recipe.data} has '
                    f'{", ".join(faces.groups)}'
                )
        self._recipe, self._data = recipe, data
        self.fitted, self.held_out = training_part(faces), validation_part(faces)
        self.targets = [self._targets_of(name) for name in recipe.heads]
        self._teachers: list[Teacher] = []
        self.labels = faces.label_names
        self.pictures = len(self.fitted)

    def _targets_of(self, name: str) -> NDArray[np.float32]:
        try:
            return self.fitted.targets(self._recipe.heads[name].votes)
        except DatasetError as error:
            raise RecipeError(
                f'recipe {self._recipe.name}: heads.{name}.votes is '
                f'{self._recipe.heads[name].votes}, but {error}: {self._recipe.data}'
            ) from error

    @cached_property
    def unlabelled(self) -> list[tuple[NDArray[np.uint8], float]]:
        """The unlabelled images u8 [M, S, S] of the recipe's extra data, with probabilities.

        Loaded on demand, since only training needs them.
        """
        return [
            (training_part(load_faces(self._data / name)).images, share)
            for name, share in self._recipe.extra_data.items()
        ]

    def network(self) -> nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture, len(self._recipe.heads) * len(self.labels))

    def load_teachers(self, runs: Path) -> None:
        """Load the recipe's teachers; see Task."""
        self._teachers = [
            Teacher(name, runs, list(self._recipe.heads), len(self.labels))
            for name in self._recipe.teachers
        ]

    def weights(self) -> NDArray[np.float64] | None:
        """Return the sampling weights that balance the recipe's groups; see Task."""
        if not self._recipe.balance:
            return None
        weights = np.ones(self.pictures)
        for group, power in self._recipe.balance.items():
            weights /= group_sizes(self.fitted, group) ** power
        return weights

    def views(self, epoch: int, progress: float) -> AugmentedFaces:
        """Return the training samples of an epoch: image, a target for each head; see Task."""
        recipe = self._recipe
        assert isinstance(recipe.augmentation, Augmentation)
        size = recipe.early_size if progress < recipe.early_part else recipe.input_size
        return AugmentedFaces(
            self.fitted.images,
            self.targets,
            recipe.augmentation,
            size,
            recipe.seed,
            epoch,
            self.unlabelled,
        )

    def inputs(self, images: Tensor) -> Tensor:
        """Return ``images`` unchanged."""
        return images

    def loss(self, outputs: Tensor, targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the weighted sum of the heads' cross-entropies."""
        return self.loss_for(outputs, self.taught(torch.stack(targets, 1), inputs))

    def taught(self, target: Tensor, views: Tensor) -> Tensor:
        """Return ``target`` f32 [B, heads, C] mixed with the teachers' outputs for ``views``.

        ``views`` f32 [B, 1, S, S]. The target of an unlabelled image (zero) is the mean output.
        """
        if not self._teachers:
            return target
        answer = torch.stack([teacher(views) for teacher in self._teachers]).mean(0)
        mixed = torch.lerp(target, answer, self._recipe.teacher_weight)
        return torch.where(target.sum(2, keepdim=True) > 0, mixed, answer)

    def loss_for(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Return the loss of ``outputs`` [B, heads * C] for ``target`` [B, heads, C]."""
        heads = self._recipe.heads
        return torch.stack(
            [
                head.weight * soft_cross_entropy(logits, wanted, head.label_smoothing)
                for head, logits, wanted in zip(
                    heads.values(), by_head(outputs, len(heads)).unbind(1), target.unbind(1)
                )
            ]
        ).sum()

    def validate(
        self, model: nn.Module, device: torch.device, size: int | None = None
    ) -> dict[str, float]:
        """Return loss and accuracy of each head on the validation part.

        ``size`` of the images in pixels, by default that of the recipe.
        """
        found = self._logits(model, device, size or self._recipe.input_size)
        metrics = {}
        for name, (faces, logits) in self._by_label_function(found).items():
            suffix = f'_{name}' if len(self._recipe.heads) > 1 else ''
            loss = functional.cross_entropy(
                torch.from_numpy(logits), torch.from_numpy(faces.labels)
            )
            metrics[f'val_loss{suffix}'] = loss.item()
            metrics[f'val_accuracy{suffix}'] = accuracy_of(logits, faces.labels)
        return metrics

    def calibration_set(self) -> NDArray[np.float32]:
        """Return random training images f32 [N, 1, S, S] in 0..1."""
        rows = np.random.default_rng(self._recipe.seed).choice(
            self.pictures, min(CALIBRATION_PICTURES, self.pictures), replace=False
        )
        return network_input(self.fitted.images[rows], self._recipe.input_size)

    def with_accuracy(self, sidecar: Sidecar, model: nn.Module) -> Sidecar:
        """Return ``sidecar`` with temperature and validation accuracy of each head; see Task."""
        int8 = self._by_label_function(logits_of(sidecar, self.held_out.images))
        trained = self._by_label_function(
            self._logits(model, torch.device('cpu'), sidecar.input.width)
        )
        heads, accuracy = [], {}
        for name, (faces, logits) in int8.items():
            head = Head(name, fit_temperature(logits, faces.labels))
            probabilities = softmax(logits / np.float32(head.temperature))
            suffix = f'_{name}' if len(int8) > 1 else ''
            heads.append(head)
            accuracy[f'validation{suffix}'] = accuracy_of(probabilities, faces.labels)
            accuracy[f'validation_float{suffix}'] = accuracy_of(trained[name][1], faces.labels)
            accuracy[f'validation_ece{suffix}'] = expected_calibration_error(
                probabilities, faces.labels
            )
        accuracy = {key: round(value, 4) for key, value in accuracy.items()}
        if len(heads) == 1:
            return replace(sidecar, temperature=heads[0].temperature, accuracy=accuracy)
        first = heads[0]
        return replace(
            sidecar,
            heads=tuple(heads),
            head=first.name,
            temperature=first.temperature,
            accuracy=accuracy,
        )

    def _logits(self, model: nn.Module, device: torch.device, size: int) -> NDArray[np.float32]:
        images = torch.from_numpy(network_input(self.held_out.images, size))
        return np.asarray(predict(model, images, device).numpy(), dtype=np.float32)

    def _by_label_function(
        self, logits: NDArray[np.float32]
    ) -> dict[str, tuple[FaceSet, NDArray[np.float32]]]:
        """Return the held-out faces with the labels of each head, and its logits [n, C] for them.

        The labels of a head trained mainly on votes are their majorities. ``logits``
        [N, heads * C].
        """
        heads = self._recipe.heads
        parts = logits.reshape(len(logits), len(heads), -1)
        found = {}
        for i, (name, head) in enumerate(heads.items()):
            if head.votes > 0.5:
                found[name] = self.held_out.by_majority(), parts[self.held_out.has_majority, i]
            else:
                found[name] = self.held_out, parts[:, i]
        return found


def group_sizes(faces: FaceSet, group: str) -> NDArray[np.float64]:
    """Return for each image the number of images with its value of ``group``, f64 [N]."""
    _, part, counts = np.unique(faces.groups[group], return_inverse=True, return_counts=True)
    return counts[part].astype(np.float64)


class Teacher:
    """A trained classifier whose outputs are targets (distillation)."""

    def __init__(self, name: str, runs: Path, heads: list[str], classes: int) -> None:
        """Load the trained network of recipe ``name`` from folder ``runs``, with ``heads``.

        Raises:
            RecipeError: it is not trained yet, or lacks a head.

        """
        weights = runs / name / 'weights.pt'
        if not weights.exists():
            raise RecipeError(f'{weights} is missing; train the teacher, recipe {name}, first')
        recipe = load_recipe(Path(f'{name}.yaml'))
        missing = [head for head in heads if head not in recipe.heads]
        if missing:
            raise RecipeError(
                f'teachers: {name} has no head {missing[0]!r}; it has {", ".join(recipe.heads)}'
            )
        network = build(recipe.architecture, len(heads) * classes)
        trained = torch.load(weights, map_location='cpu', weights_only=True)
        network.load_state_dict(with_heads(trained, list(recipe.heads), heads))
        self._network = network.to(memory_format=torch.channels_last).eval()
        self._heads = len(heads)
        self._size = recipe.input_size

    def __call__(self, views: Tensor) -> Tensor:
        """Return the distributions f32 [B, heads, C] of ``views`` f32 [B, 1, S, S].

        Views larger than the teacher's training images are downsampled to that size.
        """
        with torch.no_grad(), mixed_precision(views.device):
            if views.shape[-1] > self._size:
                views = functional.interpolate(
                    views, (self._size, self._size), mode='bilinear', antialias=True
                )
            outputs = self._network.to(views.device)(views)
        return by_head(outputs.float(), self._heads).softmax(2)
