# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import cmath
from dataclasses import replace
import math

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.crop import (
    crop_face,
    crop_square,
    crop_views,
    LEVEL_FROM,
    level_roll,
    ROLL_GAIN,
    roll_of,
    UPRIGHT,
)
from face_affect.core.faces import Box, Detection
from face_affect.core.models import CropGeometry

PLAIN = CropGeometry(1.0)


def smooth_picture(height: int = 300, width: int = 400) -> NDArray[np.uint8]:
    """Return gray waves that no sensible way of sampling can miss."""
    y, x = np.mgrid[:height, :width]
    waves = 128 + 50 * np.sin(x / 17) + 50 * np.cos(y / 23 + x / 40)
    return np.asarray(waves, dtype=np.uint8)


def slow_crop(image: NDArray[np.uint8], square: Box, size: int) -> NDArray[np.float64]:
    """Return the mean of 8x8 bilinear samples in every cell, the border repeated."""
    fine = size * 8
    step = square.width / fine
    xs = np.clip(square.x + (np.arange(fine) + 0.5) * step - 0.5, 0, image.shape[1] - 1)
    ys = np.clip(square.y + (np.arange(fine) + 0.5) * step - 0.5, 0, image.shape[0] - 1)
    left, top = np.floor(xs).astype(int), np.floor(ys).astype(int)
    right = np.minimum(left + 1, image.shape[1] - 1)
    low = np.minimum(top + 1, image.shape[0] - 1)
    across, down = xs - left, (ys - top)[:, None]
    values = image.astype(float)
    upper = values[top][:, left] * (1 - across) + values[top][:, right] * across
    lower = values[low][:, left] * (1 - across) + values[low][:, right] * across
    samples = upper * (1 - down) + lower * down
    return np.asarray(samples.reshape(size, 8, size, 8).mean(axis=(1, 3)))


@pytest.mark.parametrize(
    'box, geometry, square',
    [
        (Box(10, 20, 30, 30), PLAIN, Box(10, 20, 30, 30)),
        (Box(10, 20, 40, 90), PLAIN, Box(0, 35, 60, 60)),
        (Box(0, 0, 10, 10), CropGeometry(2.0), Box(-5, -5, 20, 20)),
        (Box(0, 0, 10, 10), CropGeometry(1.0, 0.1, -0.2), Box(1, -2, 10, 10)),
        (Box(0, 0, 20, 5), CropGeometry(0.5, 0.0, 1.0), Box(7.5, 10, 5, 5)),
    ],
)
def test_crop_square(box: Box, geometry: CropGeometry, square: Box) -> None:
    found = crop_square(box, geometry)
    assert (found.x, found.y, found.width, found.height) == pytest.approx(
        (square.x, square.y, square.width, square.height)
    )


@pytest.mark.parametrize(
    'box',
    [
        Box(100, 100, 64, 64),  # one to one
        Box(100.5, 99.25, 64, 64),  # between the pixels
        Box(150, 100, 20, 20),  # three times up
        Box(100, 80, 100, 100),  # 1.6 times down
        Box(60, 30, 200, 200),  # three times down
        Box(180.3, 120.7, 47, 61),  # not square
        Box(-30, -20, 90, 90),  # over the top left corner
        Box(350, 250, 100, 100),  # over the bottom right corner
        Box(-50, 100, 60, 60),  # hardly in the picture
        Box(-100, -100, 600, 600),  # larger than the picture
    ],
)
@pytest.mark.parametrize('geometry', [PLAIN, CropGeometry(1.3, 0.02, -0.1)])
@pytest.mark.parametrize('size', [48, 64])
def test_equals_slow_reference(box: Box, geometry: CropGeometry, size: int) -> None:
    image = smooth_picture()
    found = crop_face(image, box, geometry, size).astype(float)
    expected = slow_crop(image, crop_square(box, geometry), size)
    assert found.shape == (size, size)
    assert np.abs(found - expected).mean() < 2.0
    assert np.abs(found - expected).max() < 20.0


def test_one_to_one_is_exact() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
    np.testing.assert_array_equal(
        crop_face(image, Box(50, 60, 64, 64), PLAIN, 64), image[60:124, 50:114]
    )


@pytest.mark.parametrize('factor', [2, 3, 5])
def test_whole_reduction_is_the_mean(factor: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (400, 400), dtype=np.uint8)
    side = 48 * factor
    cells = image[21 : 21 + side, 33 : 33 + side].reshape(48, factor, 48, factor)
    # The shrunken cut-out has a grid of its own: its cells must lie on those of the face.
    found = crop_face(image, Box(33, 21, side, side), PLAIN, 48).astype(float)
    plain = np.abs(found - cells.mean(axis=(1, 3))).mean()
    every_nth = np.abs(
        image[21 : 21 + side : factor, 33 : 33 + side : factor] - cells.mean(axis=(1, 3))
    )
    assert plain < 0.5 * every_nth.mean()


def test_border_is_repeated() -> None:
    image = np.zeros((100, 100), np.uint8)
    image[:, 0] = 50
    image[:, -1] = 200
    left = crop_face(image, Box(-64, 20, 64, 64), PLAIN, 64)
    right = crop_face(image, Box(100, 20, 64, 64), PLAIN, 64)
    assert (left == 50).all()
    assert (right == 200).all()


@pytest.mark.parametrize(
    'box',
    [
        Box(-500, -500, 10, 10),
        Box(-500, 30, 400, 400),
        Box(5000, 5000, 300, 300),
        Box(-1e5, -1e5, 2e5, 2e5),
        Box(50, 50, 0.1, 0.1),
        Box(50, 50, 1e6, 1e-3),
    ],
)
@pytest.mark.parametrize('shape', [(100, 100), (1, 1), (1, 640), (480, 1, 3)])
def test_any_box_on_any_image(box: Box, shape: tuple[int, ...]) -> None:
    found = crop_face(np.full(shape, 90, np.uint8), box, PLAIN, 64)
    assert found.shape == (64, 64)
    assert (found == 90).all()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 200),
    st.integers(1, 200),
    st.floats(-300, 300),
    st.floats(-300, 300),
    st.floats(0.5, 900),
    st.floats(0.5, 900),
    st.floats(0.2, 5),
)
def test_values_stay_within_those_of_the_image(
    height: int, width: int, x: float, y: float, w: float, h: float, scale: float
) -> None:
    image = np.full((height, width), 60, np.uint8)
    image[height // 2 :] = 180
    found = crop_face(image, Box(x, y, w, h), CropGeometry(scale), 48)
    assert found.min() >= 60 or height == 1
    assert found.max() <= 180


@pytest.mark.parametrize(
    'box', [Box(100, 100, 64, 64), Box(10, 10, 250, 250), Box(-9, -9, 40, 40)]
)
def test_gray_and_bgr_agree(box: Box) -> None:
    rng = np.random.default_rng(1)
    colour = cv2.GaussianBlur(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8), (0, 0), 3)
    gray = np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    found = crop_face(colour, box, PLAIN, 64).astype(int)
    assert np.abs(found - crop_face(gray, box, PLAIN, 64)).max() <= 1


def test_a_padded_view_is_as_good_as_a_copy() -> None:
    wide = np.random.default_rng(2).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    view = wide[:, 20:250]
    view.flags.writeable = False
    np.testing.assert_array_equal(
        crop_face(view, Box(30, 30, 150, 150), PLAIN, 64),
        crop_face(view.copy(), Box(30, 30, 150, 150), PLAIN, 64),
    )


@pytest.mark.parametrize('side', [20, 64, 100, 128, 250])
def test_a_dot_stays_where_it_is(side: float) -> None:
    image = np.zeros((400, 400), np.uint8)
    cv2.circle(image, (180, 160), 10, 255, cv2.FILLED)
    box = Box(180.5 - side * 0.3, 160.5 - side * 0.6, side, side)
    found = crop_face(image, box, PLAIN, 64).astype(float)
    if side < 40:
        assert found[math.floor(64 * 0.6), math.floor(64 * 0.3)] == 255
        return
    ys, xs = np.mgrid[:64, :64] + 0.5
    assert (found * xs).sum() / found.sum() == pytest.approx(64 * 0.3, abs=0.3)
    assert (found * ys).sum() / found.sum() == pytest.approx(64 * 0.6, abs=0.3)


@pytest.mark.parametrize('side', [20, 60, 200])
@pytest.mark.parametrize('x, y', [(100.3, 60.7), (-8.2, -5.1), (360.0, 250.0)])
def test_views_of_one_face_are_its_crops(x: float, y: float, side: float) -> None:
    image = smooth_picture()
    box = Box(x, y, side, side)
    views = [
        (CropGeometry(1.12, 0.0, -0.03), 48),
        (CropGeometry(1.3, 0.02, 0.05), 48),
        (CropGeometry(1.2), 64),
    ]
    for found, (geometry, size) in zip(crop_views(image, box, views), views, strict=True):
        # Areas may begin at another pixel.
        alone = crop_face(image, box, geometry, size).astype(int)
        assert np.abs(found - alone).max() <= 4
        assert np.abs(found - alone).mean() < 0.6


def detection(roll: float) -> Detection:
    """Return a face whose landmarks are rotated clockwise by ``roll`` degrees, shifted, scaled."""
    turn = cmath.exp(1j * math.radians(roll))
    points = [7 + 9j + 0.8 * turn * upright for upright in UPRIGHT]
    return Detection(
        Box(100, 80, 60, 60), 0.9, tuple((point.real, point.imag) for point in points)
    )


@pytest.mark.parametrize('roll', [-100.0, -30.0, 0.0, 9.0, 45.0])
def test_roll_is_that_of_the_landmarks(roll: float) -> None:
    assert roll_of(detection(roll)) == pytest.approx(ROLL_GAIN * roll, abs=1e-9)


@pytest.mark.parametrize('base', [0, 90, 180, 270])
@pytest.mark.parametrize('roll', [-40.0, 0.0, 25.0])
def test_roll_of_a_face_in_a_rotated_image(base: int, roll: float) -> None:
    """The landmarks follow a part of the roll from the base roll only."""
    found = replace(detection(base + roll), base_roll=base)
    assert -180 <= roll_of(found) <= 180
    assert math.remainder(roll_of(found) - base - ROLL_GAIN * roll, 360) == pytest.approx(
        0, abs=1e-9
    )


def test_an_error_of_one_landmark_is_shared_by_all() -> None:
    upright = detection(0)
    (x, y), *others = upright.landmarks
    off = replace(upright, landmarks=((x, y - 7), *others))
    eye_line = math.degrees(math.atan2(7, others[0][0] - x))
    assert 0 < roll_of(off) / ROLL_GAIN < eye_line / 3


def test_roll_without_landmarks_is_the_base_roll() -> None:
    assert roll_of(Detection(Box(0, 0, 9, 9), 0.9, base_roll=270)) == -90
    assert roll_of(Detection(Box(0, 0, 9, 9), 0.9)) == 0
    assert level_roll(Detection(Box(0, 0, 9, 9), 0.9)) == 0
    assert roll_of(Detection(Box(0, 0, 9, 9), 0.9, ((5.0, 5.0),) * 5)) == 0


def test_only_clearly_rolled_faces_are_levelled() -> None:
    least = LEVEL_FROM / ROLL_GAIN
    assert level_roll(detection(least - 0.1)) == level_roll(detection(-least + 0.1)) == 0
    assert level_roll(detection(least + 0.1)) == pytest.approx(LEVEL_FROM, abs=0.2)
    assert level_roll(detection(-least - 0.1)) == pytest.approx(-LEVEL_FROM, abs=0.2)


@pytest.mark.parametrize('side', [40, 64, 150])
@pytest.mark.parametrize('roll', [-90.0, -40.0, 25.0, 180.0])
def test_a_rolled_face_is_level_in_its_crop(side: int, roll: float) -> None:
    """The crop of a rotated image equals that of the image; dx and dy rotate with the face."""
    image = smooth_picture(400, 400)
    middle = (200.0, 200.0)
    matrix = cv2.getRotationMatrix2D((199.5, 199.5), -roll, 1)
    rotated = np.asarray(cv2.warpAffine(image, matrix, (400, 400)), dtype=np.uint8)
    box = Box(middle[0] - side / 2, middle[1] - side / 2, side, side)
    geometry = CropGeometry(1.1, 0.1, -0.05)
    expected = crop_face(image, box, geometry, 48).astype(int)
    found = crop_face(rotated, box, geometry, 48, roll)
    assert np.abs(found - expected).mean() < 1.5
    views = [(geometry, 48), (CropGeometry(1.3), 64)]
    several = crop_views(rotated, box, views, roll)
    assert np.abs(several[0].astype(int) - expected).mean() < 1.5


def test_without_roll_the_crop_is_upright() -> None:
    image, box = smooth_picture(), Box(90, 70, 100, 100)
    np.testing.assert_array_equal(
        crop_face(image, box, CropGeometry(1.1, 0.1), 48, 0.0),
        crop_face(image, box, CropGeometry(1.1, 0.1), 48),
    )
