# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Faces found and false faces by threshold: what is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest

pytest.importorskip('motmetrics')
pytest.importorskip('rosbags')

from benchmarks.detection_threshold import Follower, Outcome, RATE, table
from benchmarks.films import pan, SIZE, SWAY, sway
from benchmarks.tracking.stage import TrueFace, TrueFrame
from face_affect.core.faces import Box, Detection

IMAGE = np.zeros((480, 640, 3), np.uint8)
FACE = Box(100, 100, 60, 60)
OTHER = Box(400, 300, 60, 60)


class OneFace:
    """Finds FACE with a score of 0.65 and OTHER with 0.45, whatever it sees."""

    name = 'fake'
    input_size = (320, 240)

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return both, or FACE alone; see Detector."""
        both = [Detection(FACE, 0.65), Detection(OTHER, 0.45)]
        return [found for found in both if found.score >= threshold]


def test_faces_and_false_faces_are_counted_by_threshold() -> None:
    follower = Follower(OneFace(), (0.4, 0.6, 0.7))
    with_face = (TrueFace(0, FACE, 1.0), TrueFace(1, OTHER, 0.3))  # the other hardly in sight
    follower.watch((TrueFrame(i / RATE, with_face), IMAGE) for i in range(10))
    assert follower.faces == 10
    # The first image only confirms.
    assert dict(follower.found) == {0.4: 9, 0.6: 9, 0.7: 0}
    assert not any(follower.false_faces.values())

    follower.watch((TrueFrame(i / RATE, ()), IMAGE) for i in range(10))
    assert dict(follower.false_faces) == {0.4: 2, 0.6: 1, 0.7: 0}
    assert follower.seconds == pytest.approx(20 / RATE)


def test_table() -> None:
    outcome = Outcome(0.6, {'1 m': 0.974, '2 m': 0.8}, false_faces=3, minutes=2.0)
    assert table([outcome]).splitlines() == [
        '| detection_threshold | 1 m | 2 m | false faces | per minute |',
        '|---:|---:|---:|---:|---:|',
        '| 0.60 | 97.4 % | 80.0 % | 3 | 1.50 |',
    ]


def test_a_pan_goes_from_corner_to_corner() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[:100, :100] = 250
    first, middle, last = pan(picture, 3)
    assert first.shape == middle.shape == last.shape == (SIZE[1], SIZE[0], 3)
    assert first[:200, :200].mean() > 240
    assert middle.mean() < 20
    assert last.mean() < 20


def test_a_swaying_camera_moves_by_little() -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[20:28, 30:38] = 250
    (still, no_shift), (moved, shift) = [*sway(picture, 4, 15.0)][::3]
    assert no_shift.tolist() == [0, 0]
    assert 0 < np.abs(shift).max() <= SWAY

    def centre(image: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.argwhere(image[..., 0] > 125).mean(axis=0)[::-1]

    assert centre(moved) - centre(still) == pytest.approx(shift, abs=0.6)
