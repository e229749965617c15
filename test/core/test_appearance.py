# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.appearance import difference, extract_appearance, mixed
from face_affect.core.faces import Box

BOX = Box(40, 60, 50, 60)


def person(
    collar: tuple[int, int, int], hair: tuple[int, int, int], shape: int = 3
) -> NDArray[np.uint8]:
    """Return a picture with hair, face and collar where BOX is."""
    image = np.full((200, 160, 3), 200, np.uint8)
    image[30:62, 30:100] = hair
    image[62:120, 30:100] = (120, 150, 210)
    image[120:, 20:110] = collar
    return image if shape == 3 else image[..., 1].copy()


DARK, RED, GREY = (30, 30, 30), (40, 40, 200), (180, 180, 180)


@pytest.mark.parametrize('shape', [2, 3])
def test_people_differ_and_light_does_not_matter(shape: int) -> None:
    one, other = person(DARK, GREY, shape), person(GREY, DARK, shape)
    dim = (one * 0.6 + 20).astype(np.uint8)
    seen = extract_appearance(one, BOX)
    assert seen is not None
    assert seen.shape == (12 if shape == 2 else 36,)
    assert np.linalg.norm(seen) == pytest.approx(1, abs=1e-5)
    assert difference(seen, extract_appearance(dim, BOX)) < 0.01
    assert difference(seen, extract_appearance(one, BOX.moved(2, 2))) < 0.05
    assert difference(seen, extract_appearance(other, BOX)) > 0.5


def test_colours_tell_apart_what_gray_does_not() -> None:
    one, other = person(RED, DARK), person((120, 80, 60), DARK)
    assert difference(extract_appearance(one, BOX), extract_appearance(other, BOX)) > 0.05


@pytest.mark.parametrize(
    'box',
    [
        Box(500, 500, 40, 40),
        Box(-200, 0, 50, 50),
        Box(159.5, 10, 2, 40),
        Box(10, 10, 1, 1),
        Box(-1e6, -1e6, 1e-2, 1e-2),
    ],
)
def test_too_little_in_the_picture(box: Box) -> None:
    assert extract_appearance(person(DARK, RED), box) is None


@pytest.mark.parametrize(
    'box', [Box(-20, 60, 50, 60), Box(-1e6, -1e6, 3e6, 3e6), Box(60, 150, 60, 70)]
)
def test_partly_in_the_picture(box: Box) -> None:
    seen = extract_appearance(person(DARK, RED), box)
    assert seen is not None
    assert np.isfinite(seen).all()


def test_a_blank_wall_looks_like_nothing() -> None:
    assert extract_appearance(np.full((200, 160, 3), 90, np.uint8), BOX) is None


def test_differences() -> None:
    one = np.array([1, 0], np.float32)
    assert difference(one, one) == 0
    assert difference(one, -one) == 2
    assert difference(one, None) == difference(None, None) == 0.5
    assert difference(one, np.array([1, 0, 0], np.float32)) == 0.5


def test_mixed() -> None:
    one, other = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    both = mixed(one, other)
    assert np.linalg.norm(both) == pytest.approx(1, abs=1e-6)
    assert difference(both, one) < difference(both, other)
    np.testing.assert_array_equal(mixed(None, one), one)
    np.testing.assert_array_equal(mixed(np.ones(3, np.float32), one), one)


def test_the_picture_is_not_kept() -> None:
    image = person(DARK, RED)
    seen = extract_appearance(image, BOX)
    assert seen is not None
    assert seen.base is None or not np.shares_memory(seen, image)
    assert seen.nbytes < 200
