# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest
from test_robustness import face_set

from face_affect.core.crop import crop_square
from face_affect.core.faces import Box
from face_affect.core.models import CropGeometry, find_model, ModelError
from training.data.faces import DatasetError
from training.data.scenes import save_scenes, Scene
from training.evaluation.synthetic_scenes import (
    backgrounds_of,
    by_face_size,
    by_roll,
    face_in,
    HEIGHT,
    put_into,
    WIDTH,
)

GRAY = np.full((HEIGHT, WIDTH), 100, np.uint8)


@pytest.mark.parametrize(
    'geometry', [CropGeometry(1.0), CropGeometry(1.2, 0.0, -0.05), CropGeometry(0.8, 0.1, 0.2)]
)
def test_the_face_is_where_its_crop_says(geometry: CropGeometry) -> None:
    place = Box(40, 60, 96, 96)
    found = crop_square(face_in(place, geometry), geometry)
    assert (found.x, found.y, found.width) == pytest.approx((40, 60, 96))


@pytest.mark.parametrize('side', [16, 48, 200])
def test_the_picture_is_whole_and_the_rest_is_far(side: int) -> None:
    picture = np.full((48, 48), 220, np.uint8)
    image = put_into(GRAY, picture, Box(240, 100, side, side))
    assert (image.shape, image.dtype) == ((HEIGHT, WIDTH), np.uint8)
    middle = image[100 : 100 + side, 240 : 240 + side]
    rows, columns = np.mgrid[:side, :side]
    inside = np.hypot(rows - (side - 1) / 2, columns - (side - 1) / 2) < side / 2
    assert (middle[inside] == 220).all()
    assert (image[:, : int(240 - 1.5 * side) if side < 160 else 0] == 100).all()
    assert (GRAY == 100).all()


@pytest.mark.parametrize('x, y', [(0, 0), (WIDTH - 64, HEIGHT - 64)])
def test_at_the_border(x: int, y: int) -> None:
    image = put_into(GRAY, np.full((48, 48), 220, np.uint8), Box(x, y, 64, 64))
    assert image[y + 32, x + 32] == 220


class TestBackgrounds:
    def test_made(self) -> None:
        backgrounds = backgrounds_of(None)
        assert all(image.shape == (HEIGHT, WIDTH) for image in backgrounds)
        assert len({image.tobytes() for image in backgrounds}) == len(backgrounds)

    def test_the_face_free_pictures_that_are_held_out(self, tmp_path: Path) -> None:
        rows = []
        for level in range(0, 240, 2):
            image = np.full((300, 300, 3), level, np.uint8)
            boxes = np.array([(9, 9, 9, 9)] if level % 4 else [], np.float32).reshape(-1, 4)
            _, part = cv2.imencode('.png', image)
            rows.append(
                (
                    part.ravel(),
                    Scene(
                        image,
                        boxes,
                        np.zeros((len(boxes), 5, 2), np.float32),
                        np.zeros(len(boxes), bool),
                        'made',
                    ),
                )
            )
        save_scenes(tmp_path / 'scenes.npz', rows)
        found = backgrounds_of(tmp_path / 'scenes.npz')
        assert 0 < len(found) < 30
        assert all(image.shape == (HEIGHT, WIDTH) and image[0, 0] % 4 == 0 for image in found)

    def test_none(self, tmp_path: Path) -> None:
        image = np.zeros((30, 40, 3), np.uint8)
        _, part = cv2.imencode('.png', image)
        save_scenes(
            tmp_path / 'scenes.npz',
            [
                (
                    part.ravel(),
                    Scene(
                        image,
                        np.ones((1, 4), np.float32),
                        np.zeros((1, 5, 2), np.float32),
                        np.zeros(1, bool),
                    ),
                )
            ],
        )
        with pytest.raises(DatasetError, match='no image without a face'):
            backgrounds_of(tmp_path / 'scenes.npz')


class TestBySize:
    def test_a_large_face_is_found_and_a_tiny_one_not(self, demo_face: NDArray[np.uint8]) -> None:
        detector = find_model('face_detector', 'face_detection')
        rows = by_face_size(
            find_model('gender_mini_residual', 'gender'),
            detector,
            face_set(demo_face, 'gender'),
            [GRAY],
            (6, 128),
        )
        tiny, large = rows
        assert (tiny['size'], tiny['found'], tiny['accuracy']) == (6, 0, None)
        assert (large['size'], large['found'], large['count']) == (128, 1, 1)
        assert large['low'] <= large['accuracy'] <= large['high']

    def test_a_rolled_face_is_found_upright_or_leaning(self, demo_face: NDArray[np.uint8]) -> None:
        upright, leaning, inverted = by_roll(
            find_model('gender_mini_residual', 'gender'),
            find_model('face_detector', 'face_detection'),
            face_set(demo_face, 'gender'),
            [GRAY],
            (0, 20, 180),
        )
        assert (upright['roll'], upright['found'], leaning['found']) == (0, 1, 1)
        assert (inverted['roll'], inverted['found'], inverted['accuracy']) == (180, 0, None)

    def test_detector_it_is_not_calibrated_for(self, demo_face: NDArray[np.uint8]) -> None:
        model = replace(find_model('gender_mini_residual', 'gender'), crop={})
        with pytest.raises(ModelError, match='no crop geometry'):
            by_face_size(
                model,
                find_model('face_detector', 'face_detection'),
                face_set(demo_face, 'gender'),
                [GRAY],
            )
