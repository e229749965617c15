# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.crop import crop_face
from face_affect.core.faces import Box, Detection
from face_affect.core.models import CropGeometry
from training.data.faces import DatasetError, FaceSet
from training.data.scenes import Scene
from training.export.crop_calibration import calibrate, crop_geometries, SCENE

SIZE = 64
TRUE = CropGeometry(1.2, 0.0, 0.05)


class HairShy:
    """Sees bright squares as faces, but without their upper fifth where little is around them."""

    name = 'hair_shy'
    input_size = (320, 240)

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
        x, y, width, height = cv2.boundingRect((gray > 150).astype(np.uint8))
        if not width:
            return []
        if gray.shape == (SCENE, SCENE):
            y, height = y + height / 5, height * 4 / 5
        return [Detection(Box(x, y, width, height), 0.9)]


def scenes(count: int = 60) -> list[Scene]:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        side, x, y = (int(value) for value in rng.integers((70, 100, 100), (140, 200, 200)))
        image = np.full((400, 500, 3), 60, np.uint8)
        image[y : y + side, x : x + side] = 220
        made.append(
            Scene(
                image,
                np.array([[x, y, side, side]], np.float32),
                np.zeros((1, 5, 2), np.float32),
                np.zeros(1, bool),
            )
        )
    return made


def training_pictures() -> FaceSet:
    """Return what TRUE cuts out of scenes."""
    images = np.stack(
        [crop_face(scene.image, Box(*scene.boxes[0].tolist()), TRUE, SIZE) for scene in scenes()]
    )
    zeros = np.zeros(len(images), np.int64)
    return FaceSet(
        'gender',
        ('female', 'male'),
        images,
        zeros,
        zeros.astype(np.uint32),
    )


def test_scenes_undo_what_the_tight_pictures_do_to_the_boxes() -> None:
    geometry = calibrate(HairShy(), training_pictures(), scenes())
    assert geometry.scale == pytest.approx(TRUE.scale, rel=0.02)
    assert geometry.dy == pytest.approx(TRUE.dy, abs=0.01)


def test_without_scenes_the_boxes_are_taken_as_they_are() -> None:
    geometry = calibrate(HairShy(), training_pictures(), [])
    assert geometry.scale == pytest.approx(TRUE.scale / 0.8**0.5, rel=0.02)
    assert geometry.dy == pytest.approx((TRUE.dy - 0.1) / 0.8**0.5, abs=0.01)


def test_too_few_faces() -> None:
    with pytest.raises(DatasetError, match='hair_shy detects 9 faces, but a calibration needs 50'):
        crop_geometries(training_pictures().images[:9], HairShy())
