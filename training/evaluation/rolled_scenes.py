# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Scenes rotated about their centre, to evaluate detectors by the roll of the faces."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.scenes import Scene

BORDER = (90, 90, 90)  # gray around a rotated scene


def rolled_image(
    image: NDArray[np.uint8], degrees: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return ``image`` rotated counterclockwise in a square as wide as its diagonal.

    ``image`` is u8 [H, W, 3]. The matrix [2, 3] maps its points to those of the result.
    """
    height, width = image.shape[:2]
    side = math.ceil(math.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    turned = cv2.warpAffine(image, matrix, (side, side), borderValue=BORDER)
    return np.asarray(turned, dtype=np.uint8), matrix


def rolled(scene: Scene, degrees: float) -> Scene:
    """Return ``scene`` rotated like an image by rolled_image.

    Boxes keep their size; centres and landmarks are rotated.
    """
    image, matrix = rolled_image(scene.image, degrees)
    sizes = scene.boxes[:, 2:]
    centres = (scene.boxes[:, :2] + sizes / 2) @ matrix[:, :2].T + matrix[:, 2]
    return Scene(
        image,
        np.hstack([centres - sizes / 2, sizes]).astype(np.float32),
        (scene.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
        scene.ignore,
        scene.source,
    )
