# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest
from white_squares import image_with, WhiteSquares

from face_affect.core.faces import Box
from face_affect.core.tiling import STRETCH, TileSearch


@pytest.mark.parametrize(
    'width, height, count',
    [
        (1280, 720, 12),
        (640, 480, 4),
        (1920, 1080, 30),
        (320, 240, 1),
        (160, 120, 1),
        (350, 260, 1),
        (353, 260, 2),
        (1, 1, 1),
        (4000, 10, 13),
    ],
)
def test_tiles_cover_the_image(width: int, height: int, count: int) -> None:
    tiles = TileSearch(WhiteSquares()).tiles(width, height)
    covered = np.zeros((height, width), bool)
    for left, top, right, bottom in tiles:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert right - left <= 320 * STRETCH
        assert bottom - top <= 240 * STRETCH
        covered[top:bottom, left:right] = True
    assert covered.all()
    assert len(tiles) == count


def test_every_small_face_is_whole_in_some_tile() -> None:
    tiles = TileSearch(WhiteSquares()).tiles(1280, 720)
    rng = np.random.default_rng(0)
    for x, y in zip(rng.integers(0, 1264, 500), rng.integers(0, 704, 500)):
        assert any(
            (left == 0 or x > left + 2)
            and (top == 0 or y > top + 2)
            and (right == 1280 or x + 16 < right - 2)
            and (bottom == 720 or y + 16 < bottom - 2)
            for left, top, right, bottom in tiles
        )


@pytest.mark.parametrize('x, y', [(0, 0), (700, 300), (1264, 704), (310, 250), (640, 360)])
def test_found_within_one_round(x: int, y: int) -> None:
    sight = TileSearch(WhiteSquares())
    image = image_with(x, y)
    assert sight(image, 0.5, [])
    found = [sight(image, 0.5, []) for _ in range(len(sight.tiles(1280, 720)))]
    hits = [detections for detections in found if detections]
    assert hits
    assert hits[0][0].box == Box(x, y, 16, 16)
    np.testing.assert_array_equal(hits[0][0].landmarks, [(x, y)])


def test_a_known_face_gets_every_other_turn() -> None:
    sight = TileSearch(WhiteSquares())
    image = image_with(700, 300)
    found = [bool(sight(image, 0.5, [Box(696, 305, 16, 16)])) for _ in range(24)]
    assert sum(found) >= 12
    assert not all(found)


def test_a_face_cut_by_a_tile_is_not_reported() -> None:
    sight = TileSearch(WhiteSquares())
    image = image_with(500, 200, 300)
    assert not any(sight(image, 0.5, []) for _ in range(len(sight.tiles(1280, 720))))


def test_an_image_of_one_tile_is_not_searched_again() -> None:
    detector = WhiteSquares()
    assert TileSearch(detector)(np.full((240, 320, 3), 255, np.uint8), 0.5, []) == []
    assert not detector.looks


@pytest.mark.parametrize(
    'size, shape, far',
    [
        (16, (720, 1280), True),
        (63, (720, 1280), True),
        (65, (720, 1280), False),
        (16, (240, 320), False),
        (8, (120, 160), False),
        (31, (480, 640), True),
    ],
)
def test_what_is_far(size: float, shape: tuple[int, int], far: bool) -> None:
    assert TileSearch(WhiteSquares()).is_far(Box(0, 0, size, size), shape) == far
