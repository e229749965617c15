# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Scenes rotated about their centre, to evaluate detectors by the roll of the faces."""

from __future__ import annotations

import math

import cv2
import numpy as np

from training.data.scenes import Scene

BORDER = (90, 90, 90)  # gray around a rotated scene


def rolled(scene: Scene, degrees: float) -> Scene:
    """Return ``scene`` rotated counterclockwise in a square as wide as its diagonal.

    Boxes keep their size; centres and landmarks are rotated.
    """
    height, width = scene.image.shape[:2]
    side = math.ceil(math.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    image = cv2.warpAffine(scene.image, matrix, (side, side), borderValue=BORDER)
    sizes = scene.boxes[:, 2:]
    centres = (scene.boxes[:, :2] + sizes / 2) @ matrix[:, :2].T + matrix[:, 2]
    return Scene(
        np.asarray(image, dtype=np.uint8),
        np.hstack([centres - sizes / 2, sizes]).astype(np.float32),
        (scene.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
        scene.ignore,
        scene.source,
    )
