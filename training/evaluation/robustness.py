# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Accuracy of classifiers on images degraded by camera, light or pose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.models import Sidecar
from training.data.faces import FaceSet, resized
from training.evaluation.classification_metrics import share
from training.evaluation.inference import probabilities_of

Change = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]


def blur(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blur ``image`` [S, S] with a standard deviation of S / 32."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), image.shape[0] / 32), dtype=np.uint8)


def noise(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add Gaussian noise with a standard deviation of 15 levels."""
    return _levels(image + rng.normal(0, 15, image.shape))


def low_light(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Reduce the brightness to a fifth, and add noise of 3 levels."""
    return _levels(image * 0.2 + rng.normal(0, 3, image.shape))


def rotation(degrees: float) -> Change:
    """Return a change that rotates an image by ``degrees`` in a random direction."""

    def rotate(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        side = image.shape[0]
        matrix = cv2.getRotationMatrix2D(
            ((side - 1) / 2, (side - 1) / 2), float(rng.choice((-degrees, degrees))), 1
        )
        return np.asarray(
            cv2.warpAffine(
                image,
                matrix,
                (side, side),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            dtype=np.uint8,
        )

    return rotate


def jpeg(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Compress with JPEG quality 30."""
    _, encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def small(pixels: int) -> Change:
    """Return a change that downsamples an image to ``pixels`` and upsamples it again."""

    def shrink(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        shrunk = cv2.resize(image, (pixels, pixels), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(shrunk, image.shape[::-1]), dtype=np.uint8)

    return shrink


def _levels(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.clip(values, 0, 255).astype(np.uint8)


CHANGES: Mapping[str, Change] = {
    'blur, a 32nd of the width': blur,
    'noise of 15 levels': noise,
    'a fifth of the light': low_light,
    'rotation by 15 degrees': rotation(15),
    'rotation by 30 degrees': rotation(30),
    'JPEG quality 30': jpeg,
    'shrunk to 24 pixels': small(24),
    'shrunk to 16 pixels': small(16),
}


def robustness(sidecar: Sidecar, faces: FaceSet) -> dict[str, dict[str, Any]]:
    """Return the accuracy on ``faces`` unchanged and after each of CHANGES.

    Images are changed at the size of the network's input.
    """
    pictures = resized(faces.images, sidecar.input.width)
    rows = {}
    for name, change in {'unchanged': None, **CHANGES}.items():
        rng = np.random.default_rng(0)
        changed = (
            pictures
            if change is None
            else np.stack([change(picture, rng) for picture in pictures])
        )
        rows[name] = share(probabilities_of(sidecar, changed).argmax(axis=1) == faces.labels)
    return rows
