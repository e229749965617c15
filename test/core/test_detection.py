# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.detection import large_enough, Letterbox, non_maximum_suppression
from face_affect.core.faces import Box, Detection


@pytest.mark.parametrize(
    'boxes, scores, kept',
    [
        ([], [], []),
        ([[0, 0, 10, 10]], [0.5], [0]),
        ([[0, 0, 10, 10], [100, 0, 10, 10]], [0.5, 0.9], [1, 0]),
        ([[0, 0, 10, 10], [1, 0, 10, 10]], [0.5, 0.9], [1]),
        ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.5, 0.5], [0]),
        # The middle one overlaps both others, which do not overlap each other.
        ([[0, 0, 10, 10], [5, 0, 10, 10], [10, 0, 10, 10]], [0.5, 0.9, 0.6], [1]),
        ([[0, 0, 10, 10], [5, 0, 10, 10], [10, 0, 10, 10]], [0.9, 0.5, 0.6], [0, 2]),
        # A small box inside a large one overlaps it by 1/4 only.
        ([[0, 0, 10, 10], [2, 2, 5, 5]], [0.9, 0.8], [0, 1]),
        ([[0, 0, 0, 0], [0, 0, 10, 10]], [0.9, 0.8], [0, 1]),
    ],
)
def test_non_maximum_suppression(
    boxes: list[list[float]], scores: list[float], kept: list[int]
) -> None:
    found = non_maximum_suppression(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), 0.3
    )
    assert found == kept


def test_suppression_leaves_no_overlap() -> None:
    rng = np.random.default_rng(0)
    boxes = np.hstack([rng.uniform(0, 100, (200, 2)), rng.uniform(5, 40, (200, 2))])
    scores = rng.uniform(0, 1, 200)
    kept = non_maximum_suppression(boxes.astype(np.float32), scores.astype(np.float32), 0.3)
    shapes = [Box(*row) for row in boxes]
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    assert all(shapes[a].iou(shapes[b]) < 0.301 for a in kept for b in kept if a != b)
    gone = set(range(200)) - set(kept)
    assert all(any(shapes[a].iou(shapes[b]) > 0.299 for b in kept) for a in gone)


@pytest.mark.parametrize(
    'shape',
    [
        (480, 640),
        (640, 480),
        (192, 192),
        (1, 1),
        (1, 1000),
        (1000, 1),
        (2000, 3),
        (5, 4000),
        (96, 96),
        (1080, 1920),
    ],
)
@pytest.mark.parametrize('channels', [0, 3])
def test_letterbox(shape: tuple[int, int], channels: int) -> None:
    image = np.full(shape + ((channels,) if channels else ()), 255, np.uint8)
    letterbox = Letterbox(192, 192)
    found = letterbox(image)
    assert found.shape == (192, 192, 3)
    white = found[..., 0] == 255
    height, width = white.any(axis=1).sum(), white.any(axis=0).sum()
    assert height == max(1, round(shape[0] * letterbox.scale))
    assert width == max(1, round(shape[1] * letterbox.scale))
    assert max(height, width) == 192
    assert white.sum() == height * width
    top, left = np.argwhere(white)[0]
    assert tuple(letterbox.offset) == (left, top)
    assert abs(left - (192 - left - width)) <= 1


def test_letterbox_gives_rgb() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    image[:] = (10, 20, 30)
    assert tuple(Letterbox(20, 20)(image)[10, 10]) == (30, 20, 10)


def test_letterbox_forgets_the_last_image() -> None:
    letterbox = Letterbox(192, 192)
    letterbox(np.full((192, 192, 3), 255, np.uint8))
    found = letterbox(np.full((20, 192), 255, np.uint8))
    assert not found[:80].any()
    assert not found[-80:].any()


def test_letterbox_maps_points_back() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[300:310, 100:110] = 255
    letterbox = Letterbox(192, 192)
    rows, columns = np.nonzero(letterbox(image)[..., 0] > 100)
    point = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    np.testing.assert_allclose((point - letterbox.offset) / letterbox.scale, (105, 305), atol=2)


@pytest.mark.parametrize(
    'sizes, least, kept',
    [([], 10, 0), ([(10, 10)], 10, 1), ([(9.9, 50)], 10, 0), ([(5, 5), (50, 50)], 0, 2)],
)
def test_large_enough(sizes: list[tuple[float, float]], least: int, kept: int) -> None:
    found = [Detection(Box(0, 0, *size), 0.9) for size in sizes]
    assert len(large_enough(found, least)) == kept


def test_letterbox_shows_no_image_of_before() -> None:
    letterbox = Letterbox(32, 32)
    letterbox(np.full((32, 32, 3), 200, np.uint8))
    with pytest.raises(TypeError):
        letterbox(np.full((32, 32, 3), 100, np.uint16))
