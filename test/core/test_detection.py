# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import cv2
from demo_bag import DemoFrame
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.detection import (
    BlazeFace,
    Detector,
    large_enough,
    Letterbox,
    load_detector,
    non_maximum_suppression,
)
from face_affect.core.faces import Box, Detection
from face_affect.core.models import find_model, Sidecar


@pytest.fixture(scope='module')
def detector() -> Detector:
    return load_detector(find_model('face_detector_blazeface', 'face_detection'))


class FakeNetwork:
    """Answers with what the test asks for."""

    def __init__(self, regression: NDArray[np.float32], logits: NDArray[np.float32]) -> None:
        self.sidecar: Sidecar = find_model('face_detector_blazeface', 'face_detection')
        self.output_shapes = [(1, 2304, 16), (1, 2304, 1)]
        self._outputs = [regression, logits]

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        return self._outputs


def blazeface_with(rows: dict[int, tuple[float, Sequence[float]]]) -> Any:
    """Return a detector with the given logit and 16 numbers in some of its 2304 cells."""
    regression = np.zeros((2304, 16), np.float32)
    logits = np.full((2304, 1), -100, np.float32)
    for row, (logit, values) in rows.items():
        logits[row], regression[row] = logit, values
    return BlazeFace(FakeNetwork(regression, logits))  # type: ignore[arg-type]


@pytest.mark.parametrize('name, size', [
    ('face_detector_blazeface', (192, 192)), ('face_detector', (320, 240))])
def test_detector_says_what_it_is(name: str, size: tuple[int, int]) -> None:
    detector = load_detector(find_model(name, 'face_detection'))
    assert (detector.name, detector.input_size) == (name, size)


@pytest.mark.parametrize('boxes, scores, kept', [
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
])
def test_non_maximum_suppression(
    boxes: list[list[float]], scores: list[float], kept: list[int]
) -> None:
    found = non_maximum_suppression(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), 0.3)
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


@pytest.mark.parametrize('shape', [
    (480, 640), (640, 480), (192, 192), (1, 1), (1, 1000), (1000, 1), (2000, 3), (5, 4000),
    (96, 96), (1080, 1920)])
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
    np.testing.assert_allclose(
        (point - letterbox.offset) / letterbox.scale, (105, 305), atol=2)


def test_blazeface_decodes_a_cell() -> None:
    # Row 10, column 20 of 48x48 cells of 4 pixels; the image fits without scaling.
    detector = blazeface_with({10 * 48 + 20: (2.0, [1, 2, 30, 40, *range(12)])})
    found, = detector(np.zeros((192, 192, 3), np.uint8), 0.5)
    assert found.box == Box(83 - 15, 44 - 20, 30, 40)
    assert found.score == pytest.approx(1 / (1 + math.exp(-2)))
    assert found.landmarks.shape == (6, 2)
    np.testing.assert_allclose(found.landmarks[1], (82 + 2, 42 + 3))


@pytest.mark.parametrize('threshold, count', [(0.0, 2), (0.4, 2), (0.6, 1), (1.0, 0)])
def test_blazeface_threshold(threshold: float, count: int) -> None:
    detector = blazeface_with({0: (0.0, [0, 0, 9, 9] + [0] * 12),
                               2000: (1.0, [0, 0, 9, 9] + [0] * 12)})
    found = detector(np.zeros((192, 192, 3), np.uint8), threshold)
    assert len(found) == count
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize('logit', [5.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('column', [0, 2, 3, 15])
@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf, 3e38, -3e38])
@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_what_is_not_finite_never_leaves(logit: float, column: int, value: float) -> None:
    values = [0.0, 0.0, 9.0, 9.0] + [0.0] * 12
    values[column] = value
    found = blazeface_with({7: (logit, values)})(np.zeros((480, 640, 3), np.uint8), 0.5)
    for one in found:
        box = one.box
        numbers = (box.x, box.y, box.width, box.height, one.score, *one.landmarks.flat)
        assert np.isfinite(numbers).all()
        assert box.width > 0 and box.height > 0


@pytest.mark.parametrize('size', [(0, 9), (9, 0), (-9, 9), (9, -9)])
def test_box_without_area_is_dropped(size: tuple[float, float]) -> None:
    detector = blazeface_with({7: (5.0, [0, 0, *size] + [0] * 12)})
    assert detector(np.zeros((192, 192, 3), np.uint8), 0.5) == []


@pytest.mark.parametrize('shape', [(480, 640, 3), (480, 640), (1, 1), (3, 2000, 3), (2000, 3)])
@pytest.mark.parametrize('value', [0, 127, 255])
def test_nothing_in_plain_images(detector: Detector, shape: tuple[int, ...], value: int) -> None:
    assert detector(np.full(shape, value, np.uint8), 0.5) == []


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('cell', [1, 8, 40])
def test_nothing_in_noise(detector: Detector, seed: int, cell: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (480 // cell, 640 // cell, 3), dtype=np.uint8)
    image = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_LINEAR)
    assert detector(image, 0.6) == []


def test_nothing_in_the_empty_room(detector: Detector, demo_frames: list[DemoFrame]) -> None:
    assert detector(demo_frames[0].image, 0.6) == []


# The detector was made for colour: it is less sure of gray faces.
@pytest.mark.parametrize('gray, threshold, least', [(False, 0.6, 0.97), (True, 0.3, 0.8)])
def test_finds_the_faces_of_the_demo(
    detector: Detector, demo_frames: list[DemoFrame], gray: bool, threshold: float,
    least: float
) -> None:
    hits = []
    for frame in demo_frames[30::8]:
        image = frame.image
        if gray:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        found = detector(image, threshold)
        clipped = [one.box.clipped(640, 480) for one in found]
        hits += [max((box.iou(face.box) for box in clipped), default=0) > 0.55
                 for face in frame.faces if not face.at_border()]
        assert all(any(box.iou(face.box) > 0.4 for face in frame.faces) for box in clipped)
    assert len(hits) > 30
    assert np.mean(hits) >= least


def test_landmarks_lie_in_the_face(detector: Detector, demo_frames: list[DemoFrame]) -> None:
    frame = demo_frames[100]
    for found in detector(frame.image, 0.6):
        right, left, nose, mouth = found.landmarks[:4]
        assert right[0] < nose[0] < left[0]
        assert max(right[1], left[1]) < nose[1] < mouth[1]


def test_scale_of_the_image_does_not_matter(
    detector: Detector, demo_frames: list[DemoFrame]
) -> None:
    image = demo_frames[100].image
    small = detector(image, 0.6)
    large = detector(cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), 0.6)
    assert len(small) == len(large) == 3
    for found in large:
        box = found.box
        third = Box(box.x / 3, box.y / 3, box.width / 3, box.height / 3)
        assert max(third.iou(other.box) for other in small) > 0.85


@pytest.mark.parametrize('sizes, least, kept', [
    ([], 10, 0), ([(10, 10)], 10, 1), ([(9.9, 50)], 10, 0), ([(5, 5), (50, 50)], 0, 2)])
def test_large_enough(sizes: list[tuple[float, float]], least: int, kept: int) -> None:
    none = np.zeros((6, 2), np.float32)
    found = [Detection(Box(0, 0, *size), 0.9, none) for size in sizes]
    assert len(large_enough(found, least)) == kept
