# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Augmentation of face crops by the variations of detectors and cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from training.data.faces import resized


@dataclass(frozen=True)
class Augmentation:
    """Ranges and probabilities of random changes of a face crop; 0 disables a change.

    Maxima: ``rotation`` degrees; ``scale`` natural logarithm; ``shift`` in sides of the image;
    ``brightness`` and ``contrast`` 0..1. Probabilities: ``blur``, ``noise``, ``erase`` (a gray
    patch).
    """

    rotation: float = 15.0
    scale: float = 0.15
    shift: float = 0.06
    brightness: float = 0.2
    contrast: float = 0.3
    blur: float = 0.1
    noise: float = 0.1
    erase: float = 0.0

    def __call__(
        self, image: NDArray[np.uint8], size: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return an augmented view f32 [size, size] in 0..1 of ``image`` u8 [S, S]."""
        view = self._warp(image, size, rng).astype(np.float32) / 255
        if rng.random() < self.blur:
            small = rng.integers(size // 3, size)
            view = cv2.resize(
                cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA),
                (size, size),
                interpolation=cv2.INTER_LINEAR,
            )
        if rng.random() < self.noise:
            view += rng.normal(0, rng.uniform(0, 0.08), view.shape).astype(np.float32)
        if rng.random() < self.erase:
            height, width = rng.integers(size // 8, size // 3, 2)
            top, left = rng.integers(0, size - height), rng.integers(0, size - width)
            view[top : top + height, left : left + width] = rng.random()
        gain = 1 + rng.uniform(-self.contrast, self.contrast)
        offset = rng.uniform(-self.brightness, self.brightness)
        mean = view.mean()
        return np.asarray(np.clip((view - mean) * gain + mean + offset, 0, 1), dtype=np.float32)

    def _warp(
        self, image: NDArray[np.uint8], size: int, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        side = image.shape[0]
        zoom = size / side * math.exp(rng.uniform(-self.scale, self.scale))
        matrix = cv2.getRotationMatrix2D(
            ((side - 1) / 2, (side - 1) / 2), rng.uniform(-self.rotation, self.rotation), zoom
        )
        if rng.random() < 0.5:  # mirror
            matrix[:, 2] += matrix[:, 0] * (side - 1)
            matrix[:, 0] *= -1
        shift = rng.uniform(-self.shift, self.shift, 2) * size
        matrix[:, 2] += (size - side) / 2 + shift
        return cv2.warpAffine(
            image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )


class AugmentedFaces(Dataset[tuple[NDArray[np.float32], ...]]):
    """Augmented views f32 [1, size, size] with the targets f32 [C] of each head.

    A view is determined by (seed, epoch, row), independently of the worker process.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        targets: Sequence[NDArray[np.float32]],
        augmentation: Augmentation,
        size: int,
        seed: int,
        epoch: int,
        unlabelled: Sequence[tuple[NDArray[np.uint8], float]] = (),
    ) -> None:
        """Set up one epoch over ``images`` u8 [N, S, S].

        Args:
            images: the labelled images.
            targets: f32 [N, C] of each head.
            augmentation: the random changes.
            size: side of the views in pixels.
            seed: that of the recipe.
            epoch: number of the epoch.
            unlabelled: data sets u8 [M, S, S], each with the probability that one of its images
                replaces a labelled one; its targets are zero.

        """
        self._images = images
        self._targets = targets
        self._augmentation = augmentation
        self._size = size
        self._key = (seed, epoch)
        self._unlabelled = unlabelled

    def __len__(self) -> int:
        """Return the number of labelled images."""
        return len(self._images)

    def __getitem__(self, row: int) -> tuple[NDArray[np.float32], ...]:
        """Return a view of image ``row`` and its targets."""
        rng = np.random.default_rng((*self._key, row))
        image, targets = self._images[row], [targets[row] for targets in self._targets]
        draw = rng.random() if self._unlabelled else 1.0
        for images, share in self._unlabelled:
            if 0 <= draw < share:
                image = images[int(rng.integers(len(images)))]
                targets = [np.zeros_like(target) for target in targets]
            draw -= share
        return self._augmentation(image, self._size, rng)[None], *targets


def network_input(images: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Resize u8 [N, H, W] to f32 [N, 1, size, size] in 0..1."""
    return np.divide(resized(images, size)[:, None], 255, dtype=np.float32)
