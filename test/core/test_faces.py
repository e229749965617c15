# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
import json
import math
import pickle

from hypothesis import given
from hypothesis import strategies as st
import pytest

from face_affect.core.faces import (
    Box,
    Detection,
    EMOTIONS,
    Estimate,
    Face,
    FrameResult,
    GENDERS,
    Location,
    UNKNOWN,
)

UNIT = Box(0, 0, 10, 10)

boxes = st.builds(
    Box, st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0.1, 1e4), st.floats(0.1, 1e4)
)


def face_with(emotion: Estimate | None = None, gender: Estimate | None = None) -> Face:
    detection = Detection(Box(1.04, 2.0, 30.0, 40.0), 0.87654)
    given = {'emotion': emotion, 'gender': gender}
    return Face(7, detection, 1.5, 12, {name: one for name, one in given.items() if one})


@pytest.mark.parametrize(
    'other, iou',
    [
        (Box(0, 0, 10, 10), 1.0),
        (Box(5, 0, 10, 10), 50 / 150),
        (Box(2, 2, 5, 5), 0.25),
        (Box(10, 0, 10, 10), 0.0),
        (Box(11, 11, 1, 1), 0.0),
        (Box(-5, -5, 10, 10), 25 / 175),
    ],
)
def test_iou(other: Box, iou: float) -> None:
    assert UNIT.iou(other) == pytest.approx(iou)
    assert other.iou(UNIT) == pytest.approx(iou)


@given(boxes, boxes)
def test_iou_is_symmetric_and_bounded(a: Box, b: Box) -> None:
    assert 0 <= a.iou(b) <= 1 + 1e-9
    assert a.iou(b) == pytest.approx(b.iou(a))


@pytest.mark.parametrize(
    'box, clipped',
    [
        (Box(1, 2, 3, 4), Box(1, 2, 3, 4)),
        (Box(-5, -5, 10, 10), Box(0, 0, 5, 5)),
        (Box(15, 5, 10, 10), Box(15, 5, 5, 5)),
        (Box(-10, -10, 100, 100), Box(0, 0, 20, 10)),
        (Box(30, 30, 5, 5), Box(20, 10, 0, 0)),
        (Box(-30, -30, 5, 5), Box(0, 0, 0, 0)),
    ],
)
def test_clipped(box: Box, clipped: Box) -> None:
    assert box.clipped(20, 10) == clipped


@given(boxes, st.integers(1, 5000), st.integers(1, 5000))
def test_clipped_lies_inside(box: Box, width: int, height: int) -> None:
    part = box.clipped(width, height)
    assert min(part.x, part.y, part.width, part.height) >= 0
    assert part.x + part.width <= width + 1e-6
    assert part.y + part.height <= height + 1e-6


def test_box_measures() -> None:
    box = Box(10, 20, 30, 40)
    assert box.centre == (25, 40)
    assert box.area == 1200
    assert box.moved(-1, 2) == Box(9, 22, 30, 40)


def test_box_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        UNIT.x = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    'probabilities, least, label',
    [
        ((0.3, 0.7), 0.0, 'male'),
        ((0.3, 0.7), 0.7, 'male'),
        ((0.3, 0.7), 0.71, UNKNOWN),
        ((0.5, 0.5), 0.0, 'female'),
        ((1.0, 0.0), 1.0, 'female'),
    ],
)
def test_label(probabilities: tuple[float, ...], least: float, label: str) -> None:
    estimate = Estimate(GENDERS, probabilities, (0.5, 0.5), least)
    assert estimate.label == label
    assert estimate.confidence == max(probabilities)


def test_frame_label_is_of_this_frame_alone() -> None:
    estimate = Estimate(GENDERS, (0.9, 0.1), (0.2, 0.8), 0.7)
    assert (estimate.label, estimate.frame_label) == ('female', 'male')
    assert estimate.frame_confidence == 0.8


def test_face_as_dict_is_json() -> None:
    emotion = Estimate(EMOTIONS, (0.05, 0, 0, 0.9, 0.05, 0, 0), (1, 0, 0, 0, 0, 0, 0))
    found = json.loads(json.dumps(face_with(emotion).as_dict()))
    assert found['id'] == 7
    assert found['box'] == [1.0, 2.0, 30.0, 40.0]
    assert found['score'] == 0.8765
    assert found['emotion']['label'] == 'happy'
    assert list(found['emotion']['probabilities']) == list(EMOTIONS)
    assert found['gender'] is None


def test_empty_result() -> None:
    result = FrameResult(1.0, 640, 480)
    assert result.faces == ()
    assert result.timings == {}


def test_results_compare_and_pickle() -> None:
    emotion = Estimate(EMOTIONS, (0.05, 0, 0, 0.9, 0.05, 0, 0), (1, 0, 0, 0, 0, 0, 0))
    result = FrameResult(1.0, 640, 480, (face_with(emotion),), {'detect': 0.001})
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert hash(again) == hash(result)
    assert replace(result, timings={}) == result
    assert replace(result, faces=(face_with(gender=Estimate(GENDERS, (0, 1), (0, 1))),)) != result


def test_estimates_by_task() -> None:
    gender = Estimate(GENDERS, (0.2, 0.8), (0.2, 0.8))
    face = face_with(gender=gender)
    assert face.estimates == {'gender': gender}
    assert (face.emotion, face.gender) == (None, gender)


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_a_result_is_finite(value: float) -> None:
    wrong: list[Callable[[], object]] = [
        lambda: Estimate(GENDERS, (value, 0.5), (0.5, 0.5)),
        lambda: Estimate(GENDERS, (0.5, 0.5), (0.5, value)),
        lambda: Location((0.0, value, 1.0)),
        lambda: Location((0.0, 0.0, 1.0), (0.0, 0.0, value)),
        lambda: Face(1, Detection(Box(value, 0, 1, 1), 0.5), 0.0, 1),
        lambda: Face(1, Detection(UNIT, value), 0.0, 1),
        lambda: Face(1, Detection(UNIT, 0.5, ((1.0, value),)), 0.0, 1),
        lambda: Face(1, Detection(UNIT, 0.5), value, 1),
    ]
    for make in wrong:
        with pytest.raises(ValueError, match='but must be finite'):
            make()


def test_an_estimate_has_a_probability_for_each_label() -> None:
    with pytest.raises(ValueError, match='3 probabilities, but 2 labels'):
        Estimate(GENDERS, (0.2, 0.3, 0.5), (0.5, 0.5))
