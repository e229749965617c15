# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
import pytest
from white_squares import image_with, WhiteSquares

from face_affect.core.faces import Box, Detection
from face_affect.core.search import Search
from face_affect.core.settings import SEARCH_MEMORY, Settings
from face_affect.core.tracking import Track

FAR, LYING = Settings(detect_far=True), Settings(detect_lying=True)


def test_a_large_face_is_reported_once_and_whole() -> None:
    search = Search(WhiteSquares())
    image = image_with(500, 200, 200)
    for number in range(12):
        found = search(image, 1, FAR, [], number / 30)
        assert [one.box for one in found] == [Box(500, 200, 200, 200)]


def test_small_images_are_looked_at_once() -> None:
    detector = WhiteSquares()
    Search(detector)(np.zeros((240, 320, 3), np.uint8), 1, FAR, [], 0.0)
    assert detector.looks == [(240, 320, 3)]


@pytest.mark.parametrize('reduction', [1, 2])
def test_faces_are_in_pixels_of_the_full_size(reduction: int) -> None:
    found = Search(WhiteSquares())(image_with(500, 200, 200), reduction, Settings(), [], 0.0)
    assert [one.box for one in found] == [Box(500, 200, 200, 200).scaled(reduction)]


class Upright:
    """Finds a face in images of its input's width only, with a score of 0.7."""

    name = 'upright'
    input_size = (320, 240)

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> Sequence[Detection]:
        return [Detection(Box(100, 100, 50, 50), 0.7)] if image.shape[1] == 320 else []


@pytest.mark.parametrize(
    'score, base_roll, age, kept',
    [
        (0.9, 90, 0.1, False),
        (0.9, 0, 0.1, True),
        (0.6, 90, 0.1, True),
        (0.9, 90, SEARCH_MEMORY + 0.1, True),
    ],
)
def test_a_face_with_a_better_recent_rotation_is_dropped(
    score: float, base_roll: int, age: float, kept: bool
) -> None:
    seen = Detection(Box(102, 99, 50, 50), score, base_roll=base_roll)
    track = Track(1, seen, 1.0, 1.0)
    image = np.zeros((240, 320, 3), np.uint8)
    found = Search(Upright())(image, 1, LYING, [track], 1.0 + age)
    assert any(not one.base_roll for one in found) == kept


def test_a_face_elsewhere_is_kept() -> None:
    track = Track(1, Detection(Box(10, 10, 50, 50), 0.9, base_roll=90), 1.0, 1.0)
    image = np.zeros((240, 320, 3), np.uint8)
    assert any(not one.base_roll for one in Search(Upright())(image, 1, LYING, [track], 1.1))
