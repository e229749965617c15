# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import pytest
from test_scenes import write_scenes

from face_affect.core.faces import Box, Detection
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, Scene
from training.hard_negatives import is_face, pick, SIDE, unlabelled

POINTS = np.zeros((5, 2), np.float32)


class Finds:
    """Finds a face at each given box, with that score, in every picture."""

    name, input_size = 'fake', (320, 240)

    def __init__(self, *boxes: tuple[float, float, float, float], score: float = 0.9) -> None:
        self._found = [Detection(Box(*box), score, POINTS) for box in boxes]

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        return [found for found in self._found if found.score >= threshold]


@pytest.mark.parametrize(
    'box, score, suspicious',
    [
        ((20, 10, 30, 40), 0.9, False),  # the labelled face
        ((60, 60, 20, 20), 0.9, False),  # inside the region to ignore
        ((120, 20, 30, 40), 0.9, True),
        ((120, 20, 30, 40), 0.1, False),  # not even the detector is sure
    ],
)
def test_what_lies_beside_the_labels_is_suspicious(
    box: tuple[float, float, float, float], score: float, suspicious: bool
) -> None:
    scene = Scene(
        np.zeros((120, 160, 3), np.uint8),
        np.array([[20, 10, 30, 40], [50, 50, 60, 60]], np.float32),
        np.zeros((2, 5, 2), np.float32),
        np.array([False, True]),
    )
    found = list(unlabelled(scene, Finds(box, score=score)))
    assert [list(one) for one in found] == ([list(box)] if suspicious else [])


@pytest.mark.parametrize(
    'place, score, expected',
    [
        ((SIDE / 2 - 15, SIDE / 2 - 20, 30, 40), 0.9, True),  # the box, 30 of 240 pixels wide
        ((SIDE / 2 - 30, SIDE / 2 - 40, 60, 80), 0.9, True),  # the same in the closer view
        ((SIDE / 2 - 15, SIDE / 2 - 20, 30, 40), 0.3, False),
        ((10, 10, 30, 40), 0.9, False),
    ],
)
def test_teacher_confirms_at_the_place(
    place: tuple[float, float, float, float], score: float, expected: bool
) -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    box = np.array([40, 30, 15, 20], np.float32)
    assert is_face(image, box, Finds(place, score=score)) == expected


def test_hard_scenes_are_of_the_training_part(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / 'a.npz', 60)
    # Where pictures hold one or two faces, they are at (20, 10): only in the others is it wrong.
    count = pick(data, Finds((20, 10, 30, 40)), Finds(), tmp_path / 'hard.npz')
    scenes, hard = load_scenes(data), load_scenes(tmp_path / 'hard.npz')
    expected = [
        key for key, scene in zip(scenes.keys, scenes.scenes) if key % 10 and not len(scene.boxes)
    ]
    assert count == len(hard) == len(expected)
    assert list(hard.keys) == expected
    assert {scene.source for scene in hard.scenes} == {'here'}


def test_faces_of_hard_scenes_come_along(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / 'a.npz', 60)
    pick(data, Finds((60, 20, 20, 20)), Finds(), tmp_path / 'hard.npz')
    before, after = load_scenes(data).split(False), load_scenes(tmp_path / 'hard.npz')
    assert list(before.keys) == list(after.keys)
    for one, other in zip(before.scenes, after.scenes):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.points, other.points)
        np.testing.assert_array_equal(one.ignore, other.ignore)


def test_a_detector_without_fault_leaves_none(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / 'a.npz', 30)
    with pytest.raises(DatasetError, match='no false positive'):
        pick(data, Finds(), Finds(), tmp_path / 'hard.npz')
