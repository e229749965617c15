# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What is particular to a task: its data, views, network, loss and validation figures."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from face_affect.core.detection import decode_detections, Letterbox, logit
from face_affect.core.detection_head import AnchorPoints
from face_affect.core.faces import Detection
from training.architectures import build, FaceDetector
from training.augmentation import Augmentation, AugmentedFaces, network_input
from training.datasets import DatasetError, load_faces, training_part, validation_part
from training.detection_loss import detection_loss, joined
from training.detection_metrics import examine
from training.recipe import load_recipe, Recipe, RecipeError
from training.scene_views import SceneAugmentation, SceneViews
from training.scenes import load_scenes


class Task(Protocol):
    """What the trainer needs to know of a task."""

    def network(self) -> nn.Module:
        """Build the untrained network."""

    def views(self, epoch: int) -> Dataset[Any]:
        """Return one epoch's training samples: image, then targets."""

    def inputs(self, images: Tensor) -> Tensor:
        """Return a batch of images as the network takes them."""

    def loss(self, answers: Any, targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return what the network's answers to a batch of ``inputs`` cost."""

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return figures of the held-out part, by name."""


class Classification:
    """Emotion or gender of face crops."""

    def __init__(self, recipe: Recipe, data: Path, runs: Path) -> None:
        """Load the pictures that ``recipe`` names from folder ``data``, its teacher from ``runs``.

        Raises:
            DatasetError: they are for another task.
            RecipeError: the teacher is not trained yet.

        """
        faces = load_faces(data / recipe.data, recipe.ferplus_weight)
        if faces.task != recipe.task:
            raise DatasetError(f'{recipe.data} holds {faces.task} labels, not {recipe.task}')
        self._recipe = recipe
        self._classes = len(faces.label_names)
        self._fitted, self._held_out = training_part(faces), validation_part(faces)
        self._teacher = load_teacher(recipe.teacher, self._classes, runs)

    def network(self) -> nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture, self._classes)

    def views(self, epoch: int) -> AugmentedFaces:
        """Return one epoch's training samples: image, target."""
        recipe = self._recipe
        assert isinstance(recipe.augmentation, Augmentation)
        size = recipe.early_size if epoch < recipe.early_epochs else recipe.input_size
        return AugmentedFaces(self._fitted, recipe.augmentation, size, recipe.seed, epoch)

    def inputs(self, images: Tensor) -> Tensor:
        """Return the images as they are."""
        return images

    def loss(self, answers: Tensor, targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the cross-entropy."""
        target = targets[0]
        if self._teacher is not None:
            with torch.no_grad(), torch.autocast(inputs.device.type, torch.bfloat16):
                taught = self._teacher.to(inputs.device)(inputs).float().softmax(1)
            target = torch.lerp(target, taught, self._recipe.teacher_weight)
        return functional.cross_entropy(
            answers.float(), target, label_smoothing=self._recipe.label_smoothing
        )

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return loss and accuracy of the held-out part."""
        images = torch.from_numpy(network_input(self._held_out.images, self._recipe.input_size))
        logits = predict(model, images, device)
        labels = torch.from_numpy(self._held_out.labels)
        return {
            'val_loss': functional.cross_entropy(logits, labels).item(),
            'val_accuracy': float((logits.argmax(1) == labels).float().mean()),
        }


class FaceDetection:
    """Faces in scenes."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        """Load the scenes that ``recipe`` names from folder ``data``.

        Raises:
            DatasetError: they are no scenes.

        """
        scenes = load_scenes(data / recipe.data)
        self._recipe = recipe
        self._size = detector_size(recipe.input_size)
        self._fitted, self._held_out = scenes.split(False), scenes.split(True)
        self._extra = [
            (load_scenes(data / name).split(False), share)
            for name, share in recipe.extra_data.items()
        ]

    def network(self) -> nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture)

    def views(self, epoch: int) -> SceneViews:
        """Return one epoch's training samples: image, heat, counts, code."""
        assert isinstance(self._recipe.augmentation, SceneAugmentation)
        early = epoch < self._recipe.early_epochs
        size = detector_size(self._recipe.early_size) if early else self._size
        return SceneViews(
            self._fitted,
            self._recipe.augmentation,
            AnchorPoints(*size, FaceDetector.STRIDES),
            size,
            self._recipe.seed,
            epoch,
            self._extra,
        )

    def inputs(self, images: Tensor) -> Tensor:
        """Return RGB u8 [B, H, W, 3] as f32 [B, 3, H, W] in 0..1."""
        return images.permute(0, 3, 1, 2).float().div_(255)

    def loss(self, answers: tuple[Tensor, ...], targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the detection loss."""
        return detection_loss(answers, *targets)

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return recall and precision on the held-out scenes."""
        detector = TorchDetector(copy.deepcopy(model).cpu(), *self._size)
        findings = examine(detector, self._held_out)
        return {
            'val_recall_8_16': findings.recall(0.5, 8, 16),
            'val_recall_16_32': findings.recall(0.5, 16, 32),
            'val_recall_32': findings.recall(0.5, 32),
            'val_precision': findings.precision(0.5),
        }


def detector_size(width: int) -> tuple[int, int]:
    """Return width and height in pixels of a detector's input of that width.

    The height is an odd multiple of 16, as 240 is: layers of stride 2 pad an odd number of
    rows otherwise than an even one, so that a network is only at home in sizes of one kind.
    """
    rows = -(-width * 3 // 64)
    return width, 16 * (rows + (rows % 2 == 0))


class TorchDetector:
    """A detector as trained, before quantisation, behind the interface of all detectors."""

    name = 'float'

    def __init__(self, model: nn.Module, width: int, height: int) -> None:
        """Wrap ``model``, whose input is ``width`` by ``height`` pixels."""
        self._model = model.eval()
        self.input_size = (width, height)
        self._cells = AnchorPoints(width, height, FaceDetector.STRIDES)
        self._letterbox = Letterbox(width, height)

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return the faces in ``image``; see Detector."""
        with torch.inference_mode():
            logits, code = joined(self._model(detector_input(self._letterbox(image)[None])))
        rows = np.flatnonzero(logits[0].numpy() >= logit(threshold))
        return decode_detections(
            self._cells, rows, logits[0].numpy()[rows], code[0].numpy()[rows], self._letterbox
        )


def detector_input(images: NDArray[np.uint8]) -> Tensor:
    """Return RGB images u8 [B, H, W, 3] as f32 [B, 3, H, W] in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float().div_(255)


def load_teacher(name: str | None, classes: int, runs: Path) -> nn.Module | None:
    """Return the network that recipe ``name`` has trained, to be asked only; None for no name.

    Raises:
        RecipeError: it is not trained yet.

    """
    if name is None:
        return None
    weights = runs / name / 'weights.pt'
    if not weights.exists():
        raise RecipeError(f'{weights} is missing; train recipe {name} first, the teacher')
    teacher = build(load_recipe(Path(f'{name}.yaml')).architecture, classes)
    teacher.load_state_dict(torch.load(weights, map_location='cpu', weights_only=True))
    return teacher.to(memory_format=torch.channels_last).eval()


def load_task(recipe: Recipe, data: Path, runs: Path) -> Task:
    """Return the task of ``recipe`` with its data from folder ``data``.

    ``runs`` is the folder in which a teacher's weights are looked for.

    Raises:
        FileNotFoundError: the data file is missing.
        DatasetError: it is of another form or for another task.
        RecipeError: the teacher is not trained yet.

    """
    if recipe.task == 'face_detection':
        return FaceDetection(recipe, data)
    return Classification(recipe, data, runs)


def predict(model: nn.Module, images: Tensor, device: torch.device) -> Tensor:
    """Return the logits [N, C] of ``images`` f32 [N, 1, S, S]."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(part.to(device)).cpu() for part in images.split(256)])
