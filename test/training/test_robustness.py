# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import pytest
from test_datasets import write_fer

from face_affect.core.models import find_model
from training.data.faces import DatasetError, FaceSet
from training.data.loading import load_faces
from training.evaluation.classification_metrics import share
from training.evaluation.dark_glasses import dark_glasses, draw_glasses
from training.evaluation.inference import probabilities_of
from training.evaluation.robustness import (
    blur,
    CHANGES,
    low_light,
    noise,
    robustness,
    rotation,
    small,
)


def stripes(side: int = 64) -> NDArray[np.uint8]:
    return np.tile(np.where(np.arange(side) % 8 < 4, 60, 180).astype(np.uint8), (side, 1))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def face_set(image: NDArray[np.uint8], task: str = 'emotion') -> FaceSet:
    labels = find_model(f'{task}_mini_residual', task).labels
    return FaceSet(
        task,
        labels,
        image[None],
        np.zeros(1, np.int64),
        np.zeros(1, np.uint32),
    )


@pytest.mark.parametrize('name', CHANGES)
def test_changes_keep_the_form_but_not_the_picture(name: str) -> None:
    image = stripes()
    changed = CHANGES[name](image, rng())
    assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
    assert not np.array_equal(changed, image)
    np.testing.assert_array_equal(CHANGES[name](image, rng()), changed)


def test_noise_is_as_strong_as_it_says() -> None:
    flat = np.full((64, 64), 128, np.uint8)
    assert noise(flat, rng()).std() == pytest.approx(15, rel=0.1)
    assert noise(flat, rng()).mean() == pytest.approx(128, abs=1)


def test_low_light_leaves_a_fifth() -> None:
    assert low_light(np.full((64, 64), 200, np.uint8), rng()).mean() == pytest.approx(40, abs=1)


def test_blur_and_smallness_take_detail_alone() -> None:
    for change in (blur, small(16)):
        changed = change(stripes(), rng())
        assert changed.std() < 0.8 * stripes().std()
        assert changed.mean() == pytest.approx(stripes().mean(), abs=5)


@pytest.mark.parametrize('degrees', [15, 30])
def test_rotation_turns_by_that_angle_to_either_side(degrees: int) -> None:
    bar = np.zeros((65, 65), np.uint8)
    bar[31:34] = 255
    angles = set()
    generator = rng()
    for _ in range(10):
        y, x = np.nonzero(rotation(degrees)(bar, generator) > 127)
        angles.add(round(float(np.degrees(np.arctan(np.polyfit(x, y, 1)[0])))))
    assert len(angles) == 2
    assert sorted(angles) == pytest.approx([-degrees, degrees], abs=1)


def test_rows(tmp_path: Path) -> None:
    model = find_model('emotion_mini_residual', 'emotion')
    faces = load_faces(write_fer(tmp_path / 'a.npz', 20))
    rows = robustness(model, faces)
    assert list(rows) == ['unchanged', *CHANGES]
    found = probabilities_of(model, faces.images).argmax(axis=1)
    assert rows['unchanged'] == share(found == faces.labels)
    assert all(row['count'] == 20 for row in rows.values())


class TestDarkGlasses:
    @pytest.mark.parametrize('angle', [0, 20, -35])
    def test_cover_the_eyes_and_little_else(self, angle: int) -> None:
        image = np.full((200, 200), 200, np.uint8)
        turn = np.radians(angle)
        half = 30 * np.array((np.cos(turn), np.sin(turn)), np.float32)
        middle = np.array((100, 80), np.float32)
        right, left = middle - half, middle + half
        drawn = draw_glasses(image, right, left)
        for eye in (right, left):
            x, y = np.round(eye).astype(int)
            assert (drawn[y - 5 : y + 6, x - 5 : x + 6] < 40).all()
        assert (drawn[150:] == 200).all()
        assert 0.05 < (drawn < 100).mean() < 0.15
        assert (image == 200).all()

    def test_answers_are_compared(self, demo_face: NDArray[np.uint8]) -> None:
        model = find_model('gender_mini_residual', 'gender')
        found = dark_glasses(
            model, face_set(demo_face, 'gender'), find_model('face_detector', 'face_detection')
        )
        assert (found['count'], found['of']) == (1, 1)
        for name in ('without', 'with'):
            assert sum(row[name] for row in found['said'].values()) == 1
            assert found['accuracy'][name] == found['said']['female'][name]
        assert found['said']['female']['true'] == 1

    def test_no_face(self) -> None:
        with pytest.raises(DatasetError, match='detects no face'):
            dark_glasses(
                find_model('emotion_mini_residual', 'emotion'),
                face_set(np.full((48, 48), 90, np.uint8)),
                find_model('face_detector', 'face_detection'),
            )
