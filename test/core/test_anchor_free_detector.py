# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
import math
from typing import Any

import cv2
from demo_bag import DemoFrame
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.detection import AnchorFreeDetector, Detector, load_detector
from face_affect.core.faces import Box
from face_affect.core.models import find_model, ModelError, Sidecar
from face_affect.core.runtime import Output


@pytest.fixture(scope='module')
def detector() -> Detector:
    return load_detector(find_model('face_detector', 'face_detection'))


def test_detector_says_what_it_is(detector: Detector) -> None:
    assert (detector.name, detector.input_size) == ('face_detector', (320, 240))


class FakeNetwork:
    """Answers with what the test asks for."""

    def __init__(self, outputs: list[NDArray[np.float32]]) -> None:
        self.sidecar: Sidecar = find_model('face_detector', 'face_detection')
        self.output_shapes = [(1, *output.shape) for output in outputs]
        self._outputs = [Output(partial(np.expand_dims, output, 0)) for output in outputs]

    def run(self, pixels: NDArray[np.uint8]) -> list[Output]:
        return self._outputs


def detector_with(
    cells: dict[tuple[int, int, int], tuple[float, Sequence[float]]], shuffled: bool = False
) -> Any:
    """Return a detector with the given logit and 14 numbers in cells (map, row, column)."""
    outputs = []
    for level, shape in enumerate([(30, 40), (15, 20), (8, 10)]):
        logits = np.full((*shape, 1), -100, np.float32)
        code = np.zeros((*shape, 14), np.float32)
        for (where, row, column), (logit, values) in cells.items():
            if where == level:
                logits[row, column], code[row, column] = logit, values
        outputs += [logits, code[..., :4], code[..., 4:]]
    if shuffled:
        outputs = [outputs[i] for i in (4, 0, 8, 2, 6, 1, 7, 3, 5)]
    return AnchorFreeDetector(FakeNetwork(outputs))  # type: ignore[arg-type]


@pytest.mark.parametrize('shuffled', [False, True])
@pytest.mark.parametrize('level, stride', [(0, 8), (1, 16), (2, 32)])
def test_detector_decodes_a_cell(level: int, stride: int, shuffled: bool) -> None:
    # Row 5, column 6; the image fits without scaling.
    values = [0.25, -0.5, math.log(2), math.log(3), -0.2, -0.1, *[0.0] * 8]
    detector = detector_with({(level, 5, 6): (2.0, values)}, shuffled)
    (found,) = detector(np.zeros((240, 320, 3), np.uint8), 0.5)
    x, y = 6.75 * stride, 5 * stride
    box = found.box
    assert (box.x, box.y, box.width, box.height) == pytest.approx(
        (x - stride, y - 1.5 * stride, 2 * stride, 3 * stride), rel=1e-5
    )
    assert found.score == pytest.approx(1 / (1 + math.exp(-2)))
    assert len(found.landmarks) == 5
    np.testing.assert_allclose(
        found.landmarks[0], (x - 0.2 * 2 * stride, y - 0.1 * 3 * stride), rtol=1e-5
    )


@pytest.mark.parametrize('threshold, count', [(0.0, 2), (0.4, 2), (0.6, 1), (1.0, 0)])
def test_threshold(threshold: float, count: int) -> None:
    detector = detector_with({(0, 0, 0): (0.0, [0] * 14), (1, 9, 9): (1.0, [0] * 14)})
    found = [
        one for one in detector(np.zeros((240, 320, 3), np.uint8), threshold) if one.score > 1e-6
    ]
    assert len(found) == count
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize('logit', [5.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('column', [0, 2, 3, 13])
@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf, 3e38, -3e38])
@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_what_is_not_finite_never_leaves(logit: float, column: int, value: float) -> None:
    values = [0.0] * 14
    values[column] = value
    found = detector_with({(0, 7, 7): (logit, values)})(np.zeros((480, 640, 3), np.uint8), 0.5)
    for one in found:
        box = one.box
        numbers = (box.x, box.y, box.width, box.height, one.score, *np.ravel(one.landmarks))
        assert np.isfinite(numbers).all()
        assert box.width > 0 and box.height > 0


def box_code(x: float, width: float) -> list[float]:
    """Return the code of a box at ``x`` strides from a cell's centre, of ``width`` strides."""
    return [x, 0.0, math.log(width), math.log(width), *[0.0] * 10]


def test_overlapping_answers_are_merged_by_squared_score() -> None:
    """Neighbours see the same face, of centre x 52 and 54; another face is far away."""
    logits = 2.0, 0.5
    detector = detector_with(
        {
            (0, 5, 6): (logits[0], box_code(0.0, 4.0)),
            (0, 5, 7): (logits[1], box_code(-0.75, 3.0)),
            (0, 5, 30): (1.0, box_code(0.0, 4.0)),
        }
    )
    first, second = detector(np.zeros((240, 320, 3), np.uint8), 0.5)
    weights = [(1 / (1 + math.exp(-logit))) ** 2 for logit in logits]
    x = (weights[0] * 52 + weights[1] * 54) / sum(weights)
    width = (weights[0] * 32 + weights[1] * 24) / sum(weights)
    assert first.score == pytest.approx(1 / (1 + math.exp(-2)))
    assert first.box.centre == pytest.approx((x, 44), abs=1e-3)
    assert (first.box.width, first.box.height) == pytest.approx((width, width), rel=1e-5)
    np.testing.assert_allclose(first.landmarks, [(x, 44)] * 5, rtol=1e-5)
    assert (second.box.centre, second.box.width) == ((244, 44), pytest.approx(32))


def test_equal_scores_are_not_decided_by_order() -> None:
    answers = [box_code(0.5, 4.0), box_code(-0.5, 3.5)]
    image = np.zeros((240, 320, 3), np.uint8)
    boxes = []
    for left, right in (answers, answers[::-1]):
        # Both describe the face from the same place, whichever cell comes first.
        shifted = [left[0] + 0.5, *left[1:]], [right[0] - 0.5, *right[1:]]
        (found,) = detector_with({(0, 5, 6): (1.0, shifted[0]), (0, 5, 7): (1.0, shifted[1])})(
            image, 0.5
        )
        boxes.append(found.box)
    assert boxes[0] == boxes[1]


def test_answers_below_the_threshold_move_a_box_but_are_no_face() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    best = {(0, 5, 6): (0.5, box_code(0.0, 4.0)), (0, 20, 20): (-0.5, box_code(0.0, 4.0))}
    for logit, moved in ((-0.5, True), (-1.6, True), (-1.8, False)):
        neighbour = {(0, 5, 7): (logit, box_code(-0.5, 4.0))}
        (found,) = detector_with({**best, **neighbour})(image, 0.5)
        assert (found.box.centre[0] > 52.1) == moved


def test_a_smaller_face_inside_a_larger_one_does_not_move_it() -> None:
    """The IoU of 0.36 suppresses the second face, but is too small to merge it."""
    detector = detector_with(
        {(0, 5, 6): (2.0, box_code(0.0, 5.0)), (0, 5, 7): (1.0, box_code(-0.5, 3.0))}
    )
    (found,) = detector(np.zeros((240, 320, 3), np.uint8), 0.5)
    assert (found.box.centre, found.box.width) == ((52, 44), pytest.approx(40))


def test_outputs_of_another_network() -> None:
    with pytest.raises(ModelError, match='not those of an anchor-free detector, which has'):
        AnchorFreeDetector(FakeNetwork([np.zeros((1, 7), np.float32)]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    'shape',
    [(480, 640, 3), (480, 640), (1, 1), (3, 2000, 3), (2000, 3), (100, 1000, 3), (1000, 100, 3)],
)
@pytest.mark.parametrize('value', [0, 127, 255])
def test_nothing_in_plain_images(detector: Detector, shape: tuple[int, ...], value: int) -> None:
    assert detector(np.full(shape, value, np.uint8), 0.5) == []


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('cell', [1, 8, 40])
def test_nothing_in_noise(detector: Detector, seed: int, cell: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (480 // cell, 640 // cell, 3), dtype=np.uint8)
    image = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_LINEAR)
    assert detector(image, 0.5) == []


@pytest.mark.parametrize(
    'shape', [(1, 1, 3), (7, 9, 3), (60, 80), (64, 640, 3), (640, 64, 3), (300, 3000, 3)]
)
def test_nothing_in_small_and_narrow_noise(detector: Detector, shape: tuple[int, ...]) -> None:
    for seed in range(3):
        noise = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        assert detector(noise, 0.5) == []


def test_nothing_in_the_empty_room(detector: Detector, demo_frames: list[DemoFrame]) -> None:
    assert detector(demo_frames[0].image, 0.6) == []


@pytest.mark.parametrize('width, height', [(160, 120), (240, 180), (320, 240)])
def test_images_smaller_than_the_input(
    detector: Detector, demo_frames: list[DemoFrame], width: int, height: int
) -> None:
    frame, scale = demo_frames[100], width / 640
    image = cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA)
    boxes = [found.box for found in detector(np.asarray(image, dtype=np.uint8), 0.5)]
    assert len(boxes) == len(frame.faces)
    for face in frame.faces:
        x, y, w, h = (
            scale * value for value in (face.box.x, face.box.y, face.box.width, face.box.height)
        )
        assert max(box.iou(Box(x, y, w, h)) for box in boxes) > 0.5


@pytest.mark.parametrize('shape', [(480, 4800), (3600, 360)])
def test_a_large_face_in_a_narrow_image(
    detector: Detector, demo_frames: list[DemoFrame], shape: tuple[int, int]
) -> None:
    frame, side = demo_frames[100], min(shape)
    face = max((face.box for face in frame.faces), key=lambda box: box.height)
    zoom = side / (1.5 * face.height)
    x, y = (middle - 0.75 * face.height for middle in face.centre)
    matrix = np.array([[zoom, 0, -zoom * x], [0, zoom, -zoom * y]])
    image = np.full((*shape, 3), 128, np.uint8)
    image[:side, :side] = cv2.warpAffine(frame.image, matrix, (side, side))
    (found,) = detector(image, 0.5)
    assert (
        found.box.iou(
            Box((face.x - x) * zoom, (face.y - y) * zoom, face.width * zoom, face.height * zoom)
        )
        > 0.5
    )


@pytest.mark.parametrize('gray', [False, True])
def test_finds_the_faces_of_the_demo(
    detector: Detector, demo_frames: list[DemoFrame], gray: bool
) -> None:
    hits = []
    for frame in demo_frames[30::8]:
        image = frame.image
        if gray:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        boxes = [one.box for one in detector(image, 0.6)]
        clipped = [box.clipped(640, 480) for box in boxes]
        hits += [
            max((box.iou(face.box) for box in clipped), default=0) > 0.55
            for face in frame.faces
            if not face.at_border()
        ]
        # The truth names no box for faces that the border cuts in half.
        assert all(
            any(box.iou(face.box) > 0.4 for face in frame.faces)
            for box in boxes
            if box.x > 0 and box.x + box.width < 640
        )
    assert len(hits) > 30
    assert np.mean(hits) >= 0.97


def test_landmarks_lie_in_the_face(detector: Detector, demo_frames: list[DemoFrame]) -> None:
    for found in detector(demo_frames[100].image, 0.6):
        right, left, nose, mouth_right, mouth_left = found.landmarks
        assert right[0] < nose[0] < left[0]
        assert mouth_right[0] < mouth_left[0]
        assert max(right[1], left[1]) < nose[1] < min(mouth_right[1], mouth_left[1])


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
