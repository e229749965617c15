# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.faces import Box, Detection
from training.data.faces import DatasetError
from training.data.scenes import load_scenes
from training.pseudo_labels import label, the_face

POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)


class Teacher:
    """Answers with the given (box, score)."""

    name, input_size = 'teacher', (320, 240)

    def __init__(self, *answers: tuple[tuple[float, float, float, float], float]) -> None:
        self._found = [Detection(Box(*box), score, POINTS) for box, score in answers]

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        return [found for found in self._found if found.score >= threshold]


class FindsBright:
    """Finds a face in the middle of every bright picture."""

    name, input_size = 'teacher', (320, 240)

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        return [Detection(Box(10, 8, 60, 70), 0.9, POINTS)] if image.mean() > 100 else []


@pytest.mark.parametrize(
    'answers, kept',
    [
        ([], False),
        ([((10, 5, 60, 72), 0.9)], True),
        ([((10, 5, 60, 72), 0.7)], False),  # unsure
        ([((10, 5, 60, 72), 0.9), ((0, 0, 20, 20), 0.4)], False),  # perhaps a second one
        ([((10, 5, 60, 72), 0.9), ((0, 0, 20, 20), 0.2)], True),
        ([((25, 25, 30, 30), 0.9)], False),  # small
        ([((-8, 0, 95, 95), 0.9)], False),  # too large for the picture
        ([((28, 5, 60, 72), 0.9)], False),  # off the middle
    ],
)
def test_only_one_sure_face_in_the_middle_is_kept(
    answers: list[tuple[tuple[float, float, float, float], float]], kept: bool
) -> None:
    found = the_face(np.zeros((80, 80), np.uint8), Teacher(*answers))
    assert (found is not None) == kept
    if found:
        assert found.score == 0.9


def gender_set(path: Path, levels: list[int]) -> list[bytes]:
    """Write a gender set of plain pictures of these gray levels, and return their bytes."""
    encoded = [cv2.imencode('.png', np.full((80, 80), level, np.uint8))[1] for level in levels]
    zeros = np.zeros(len(levels), np.uint8)
    np.savez(
        path,
        encoded=np.concatenate(encoded),
        offsets=np.cumsum([0, *map(len, encoded)]),
        gender=zeros,
        race=zeros,
        age=zeros,
        gender_names=['male', 'female'],
        race_names=['any'],
        age_names=['any'],
    )
    return [part.tobytes() for part in encoded]


def test_scenes_keep_the_bytes_of_the_training_part(tmp_path: Path) -> None:
    levels = list(range(60, 200, 3))
    parts = gender_set(tmp_path / 'faces.npz', levels)
    expected = [
        zlib.crc32(part)
        for part, level in zip(parts, levels)
        if level > 100 and zlib.crc32(part) % 10
    ]
    assert 0 < len(expected) < sum(level > 100 for level in levels)
    kept, total = label(tmp_path / 'faces.npz', FindsBright(), tmp_path / 'scenes.npz', None)
    assert (kept, total) == (len(expected), sum(bool(zlib.crc32(part) % 10) for part in parts))
    scenes = load_scenes(tmp_path / 'scenes.npz')
    assert list(scenes.keys) == expected
    assert len(scenes.split(validation=True)) == 0
    scene = scenes.scenes[0]
    np.testing.assert_array_equal(scene.boxes, [[10, 8, 60, 70]])
    np.testing.assert_array_equal(scene.points, [POINTS])
    assert not scene.ignore.any()
    assert scene.source == 'faces'


def test_limit_draws_that_many(tmp_path: Path) -> None:
    gender_set(tmp_path / 'faces.npz', list(range(60, 200, 3)))
    _, total = label(tmp_path / 'faces.npz', FindsBright(), tmp_path / 'scenes.npz', 20)
    assert total == 20


def test_no_sure_face_is_an_error(tmp_path: Path) -> None:
    gender_set(tmp_path / 'faces.npz', [10, 20, 30, 40, 50])
    with pytest.raises(DatasetError, match='no single centred face'):
        label(tmp_path / 'faces.npz', FindsBright(), tmp_path / 'scenes.npz', None)
