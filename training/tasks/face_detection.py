# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Training of face detectors on scenes."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

from face_affect.core.detection import (
    decode_detections,
    Detector,
    Letterbox,
    load_detector,
    logit,
    MERGE_MARGIN,
)
from face_affect.core.detection_head import AnchorPoints
from face_affect.core.faces import Detection
from face_affect.core.models import Sidecar
from face_affect.core.settings import Settings
from training.data.scene_views import SceneAugmentation, SceneViews
from training.data.scenes import load_scenes, SceneSet
from training.evaluation.detection_metrics import examine, SameSizes
from training.models.architectures import build, FaceDetector
from training.models.losses import detection_loss, joined
from training.recipe import Recipe

CALIBRATION_SCENES = 300
THRESHOLD = Settings().detection_threshold
SMALLEST = 16  # minimum face width in pixels of a 320x240 input
LANDMARKS = (
    'right eye',
    'left eye',
    'nose',
    'right corner of the mouth',
    'left corner of the mouth',
)


class FaceDetection:
    """The task of a detector; see Task."""

    labels = LANDMARKS

    def __init__(self, recipe: Recipe, data: Path) -> None:
        """Load the scenes of ``recipe`` from folder ``data``.

        Raises:
            DatasetError: a file is not a set of scenes.
            FileNotFoundError: a file is missing.

        """
        scenes = load_scenes(data / recipe.data)
        self._recipe = recipe
        self._size = detector_size(recipe.input_size)
        self._fitted, self._held_out = scenes.split(False), scenes.split(True)
        self._extra = [
            (load_scenes(data / name).split(False), share)
            for name, share in recipe.extra_data.items()
        ]
        self.pictures = len(self._fitted)

    def network(self) -> nn.Module:
        """Build the untrained network."""
        return build(self._recipe.architecture)

    def load_teachers(self, runs: Path) -> None:
        """Do nothing, since detectors have no teachers."""

    def weights(self) -> None:
        """Return None: every scene is sampled once per epoch."""

    def views(self, epoch: int, progress: float) -> SceneViews:
        """Return the training samples of an epoch: image, heat, counts, code; see Task."""
        assert isinstance(self._recipe.augmentation, SceneAugmentation)
        early = progress < self._recipe.early_part
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

    def loss(self, outputs: tuple[Tensor, ...], targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the detection loss."""
        return detection_loss(outputs, *targets)

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return recall and precision on the validation part."""
        detector = TorchDetector(copy.deepcopy(model).cpu(), *self._size)
        findings = examine(detector, self._held_out)
        return {
            'val_recall_8_16': findings.recall(0.5, 8, 16),
            'val_recall_16_32': findings.recall(0.5, 16, 32),
            'val_recall_32': findings.recall(0.5, 32),
            'val_precision': findings.precision(0.5),
        }

    def calibration_set(self) -> NDArray[np.float32]:
        """Return random letterboxed training scenes, f32 [N, 3, H, W] in 0..1."""
        rng = np.random.default_rng(self._recipe.seed)
        letterbox = Letterbox(*self._size)
        views = []
        for scenes, share in ((self._fitted, 1.0), *self._extra):
            rows = rng.choice(len(scenes), round(share * CALIBRATION_SCENES), replace=False)
            views += [letterbox(scenes.scenes[row].image).copy() for row in rows]
        return detector_input(np.stack(views)).numpy()

    def with_accuracy(self, sidecar: Sidecar, model: nn.Module) -> Sidecar:
        """Return ``sidecar`` with recall and precision on the validation part; see Task."""
        accuracy = detector_accuracy(sidecar, model, self._held_out)
        return replace(sidecar, accuracy={key: round(value, 4) for key, value in accuracy.items()})


def detector_accuracy(sidecar: Sidecar, model: nn.Module, scenes: SceneSet) -> dict[str, float]:
    """Return recall and precision on ``scenes`` of the int8 network, then of the float ``model``.

    Faces of at least SMALLEST pixels in a 320x240 input are evaluated, independently of the
    detector's input size.
    """
    accuracy = {}
    detectors: dict[str, Detector] = {
        '': load_detector(sidecar),
        '_float': TorchDetector(model, sidecar.input.width, sidecar.input.height),
    }
    for suffix, detector in detectors.items():
        findings = examine(SameSizes(detector), scenes)
        accuracy[f'validation_recall_{SMALLEST}{suffix}'] = findings.recall(THRESHOLD, SMALLEST)
        accuracy[f'validation_precision{suffix}'] = findings.precision(THRESHOLD)
    return accuracy


def detector_size(width: int) -> tuple[int, int]:
    """Return width and height in pixels of a detector's input of that width, about 4:3.

    The height is an odd multiple of 16, like 240: stride-2 layers pad odd and even sizes
    differently, so that training and inference must have the same parity.
    """
    rows = -(-width * 3 // 64)
    return width, 16 * (rows + (rows % 2 == 0))


class TorchDetector:
    """A float detector, before quantisation, with the interface Detector."""

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
        rows = np.flatnonzero(logits[0].numpy() >= logit(threshold) - MERGE_MARGIN)
        return decode_detections(
            self._cells,
            rows,
            logits[0].numpy()[rows],
            code[0].numpy()[rows],
            self._letterbox,
            threshold,
        )


def detector_input(images: NDArray[np.uint8]) -> Tensor:
    """Return RGB images u8 [B, H, W, 3] as f32 [B, 3, H, W] in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float().div_(255)
