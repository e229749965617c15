# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import cv2
from demo_bag import DemoFrame
from hypothesis import given, settings, strategies
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.camera_motion import CameraMotion

Image = NDArray[np.uint8]
HEIGHT, WIDTH = 360, 480


@pytest.fixture(scope='module')
def room(demo_frames: list[DemoFrame]) -> Image:
    """Return a real scene of 640x480 pixels with three people."""
    return demo_frames[110].image


def seen_from(room: Image, x: int, y: int) -> Image:
    """Return what a camera sees that is turned to the upper left corner (x, y)."""
    return np.ascontiguousarray(room[y : y + HEIGHT, x : x + WIDTH])


@pytest.mark.parametrize(
    ('x', 'y'), [(40, 0), (-40, 0), (0, 32), (0, -32), (72, 40), (-24, 56), (80, -60)]
)
def test_a_turn_is_measured(room: Image, x: int, y: int) -> None:
    motion = CameraMotion()
    assert motion.shift(seen_from(room, 80, 60)) == (0, 0)
    assert motion.shift(seen_from(room, 80 + x, 60 + y)) == pytest.approx((-x, -y), abs=4)
    assert motion.shift(seen_from(room, 80 + x, 60 + y)) == (0, 0)


def test_the_result_is_in_pixels_of_the_image(room: Image) -> None:
    large, gray = CameraMotion(), CameraMotion()
    for x in (80, 130):
        image = seen_from(room, x, 60)
        shift = large.shift(cv2.resize(image, (2 * WIDTH, 3 * HEIGHT)))
        assert gray.shift(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)) == pytest.approx(
            (shift[0] / 2, shift[1] / 3), abs=1
        )
    assert shift == pytest.approx((-100, 0), abs=8)


def test_people_who_move_are_no_turn_of_the_camera(demo_frames: list[DemoFrame]) -> None:
    motion = CameraMotion()
    assert {motion.shift(frame.image) for frame in demo_frames} == {(0.0, 0.0)}


def test_noise_and_light_are_no_motion(room: Image) -> None:
    rng = np.random.default_rng(0)
    motion = CameraMotion()
    for gain in (1.0, 1.0, 0.6, 0.6, 1.2):
        noisy = np.clip(gain * room + rng.normal(0, 12, room.shape), 0, 255)
        assert motion.shift(noisy.astype(np.uint8)) == (0, 0)


def test_another_scene_is_no_motion(room: Image) -> None:
    motion = CameraMotion()
    motion.shift(room)
    assert motion.shift(np.ascontiguousarray(room[::-1, ::-1])) == (0, 0)
    assert motion.shift(np.zeros_like(room)) == (0, 0)


@settings(max_examples=50)
@given(
    strategies.lists(
        strategies.tuples(
            strategies.integers(1, 40), strategies.integers(1, 40), strategies.integers(0, 9)
        ),
        min_size=2,
        max_size=5,
    )
)
def test_any_images_give_a_bounded_shift(images: list[tuple[int, int, int]]) -> None:
    motion = CameraMotion()
    for height, width, seed in images:
        image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
        x, y = motion.shift(image)
        assert abs(x) <= width and abs(y) <= height
