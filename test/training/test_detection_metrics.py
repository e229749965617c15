# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.faces import Box, Detection
from training.data.scenes import Scene, SceneSet
from training.evaluation.detection_metrics import examine, figures_of

POINTS = np.array([(10, 20), (30, 20), (20, 30), (12, 40), (28, 40)], np.float32)


def scene(boxes: list[tuple[float, ...]], ignore: list[bool] | None = None) -> Scene:
    places = np.array(boxes, np.float32).reshape(-1, 4)
    points = np.array([POINTS + place[:2] for place in places], np.float32).reshape(-1, 5, 2)
    return Scene(
        np.zeros((240, 320, 3), np.uint8),
        places,
        points,
        np.array(ignore or [False] * len(boxes), bool),
        'here',
    )


class Finds:
    """A detector that finds what it is told to, picture after picture."""

    name = 'finds'
    input_size = (320, 240)

    def __init__(self, *pictures: list[tuple[tuple[float, ...], float]]) -> None:
        self._pictures = iter(pictures)

    def __call__(self, image: np.ndarray, threshold: float) -> list[Detection]:
        return [
            Detection(Box(*box), score, POINTS + np.float32(box[:2]))
            for box, score in next(self._pictures)
            if score >= threshold
        ]


def figures(scenes: list[Scene], finds: Finds, threshold: float = 0.5) -> dict:
    held = SceneSet(scenes, np.zeros(len(scenes), np.uint32))
    return figures_of(examine(finds, held), threshold)


def test_all_found() -> None:
    found = figures(
        [scene([(10, 10, 40, 50), (100, 10, 20, 25)]), scene([])],
        Finds([((11, 10, 40, 50), 0.9), ((100, 11, 20, 25), 0.8)], []),
    )
    assert found['recall']['32-64'] == 1
    assert found['recall']['16-24'] == 1
    assert found['recall']['64+'] is None
    assert found['precision'] == 1
    assert found['false_per_negative'] == 0
    assert found['clean_negatives'] == 1
    # One pixel of an eye distance of 20.
    assert found['landmark_error'] == pytest.approx(0.05)


def test_false_missed_and_doubtful() -> None:
    found = figures(
        [scene([(10, 10, 40, 50), (100, 10, 40, 50)]), scene([])],
        Finds(
            [((10, 10, 40, 50), 0.9), ((200, 100, 40, 50), 0.8), ((100, 10, 40, 50), 0.4)],
            [((0, 0, 30, 30), 0.7), ((50, 0, 30, 30), 0.6)],
        ),
    )
    assert found['recall']['32-64'] == 0.5
    assert found['precision'] == 0.25
    assert found['false_per_negative'] == 2
    assert found['clean_negatives'] == 0


def test_two_detections_of_one_face_are_one_too_many() -> None:
    found = figures(
        [scene([(10, 10, 40, 50)])], Finds([((10, 10, 40, 50), 0.9), ((12, 10, 40, 50), 0.8)])
    )
    assert found['precision'] == 0.5


def test_ignored_regions_count_neither_way() -> None:
    found = figures(
        [scene([(10, 10, 40, 50)], [True])],
        Finds([((12, 12, 30, 40), 0.9), ((200, 100, 30, 30), 0.9)]),
    )
    assert found['recall']['32-64'] is None
    assert found['precision'] == 0


def test_faces_under_the_smallest_size_count_neither_way() -> None:
    found = figures([scene([(10, 10, 6, 8)])], Finds([((10, 10, 6, 8), 0.9)]))
    assert found['faces']['8-12'] == 0
    assert found['precision'] == 1


def test_sizes_are_those_in_the_input() -> None:
    large = scene([(100, 100, 40, 50)])
    halved = Scene(np.zeros((480, 640, 3), np.uint8), large.boxes, large.points, large.ignore)
    found = figures([halved], Finds([((100, 100, 40, 50), 0.9)]))
    assert found['recall']['16-24'] == 1
