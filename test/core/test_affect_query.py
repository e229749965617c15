# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from face_affect.core.affect_query import AffectCriteria, AffectQuery
from face_affect.core.faces import (
    Box,
    Detection,
    EMOTIONS,
    Estimate,
    Face,
    FrameResult,
    GENDERS,
)

NOWHERE = Detection(Box(0, 0, 9, 9), 0.9)


def estimate(labels: tuple[str, ...], label: str, confidence: float, least: float) -> Estimate:
    rest = (1 - confidence) / (len(labels) - 1)
    values = tuple(confidence if name == label else rest for name in labels)
    return Estimate(labels, values, values, least)


def face(
    number: int = 1,
    emotion: str = 'happy',
    gender: str = 'female',
    confidence: float = 0.8,
    least: float = 0.4,
) -> Face:
    return Face(
        number,
        NOWHERE,
        0.0,
        1,
        {
            'emotion': estimate(EMOTIONS, emotion, confidence, least),
            'gender': estimate(GENDERS, gender, confidence, least),
        },
    )


def frame(stamp: float, *faces: Face) -> FrameResult:
    return FrameResult(stamp, 640, 480, faces)


@pytest.mark.parametrize(
    'wanted, shown',
    [
        (AffectCriteria(), True),
        (AffectCriteria({'emotion': 'happy'}), True),
        (AffectCriteria({'emotion': 'sad'}), False),
        (AffectCriteria({'gender': 'female'}), True),
        (AffectCriteria({'gender': 'male'}), False),
        (AffectCriteria({'emotion': 'happy', 'gender': 'male'}), False),
        (AffectCriteria({'emotion': 'happy', 'gender': 'female'}, face_id=1), True),
        (AffectCriteria(face_id=2), False),
        (AffectCriteria({'emotion': 'happy'}, min_confidence=0.8), True),
        (AffectCriteria({'emotion': 'happy'}, min_confidence=0.81), False),
    ],
)
def test_shown_by(wanted: AffectCriteria, shown: bool) -> None:
    assert wanted.shown_by(face()) is shown


def test_unknown_shows_nothing() -> None:
    assert not AffectCriteria({'emotion': 'happy'}).shown_by(face(least=0.9))


def test_a_task_that_is_off_shows_nothing() -> None:
    bare = Face(1, NOWHERE, 0.0, 1)
    assert not AffectCriteria({'emotion': 'happy'}).shown_by(bare)
    assert not AffectCriteria({'gender': 'male'}).shown_by(bare)
    assert AffectCriteria().shown_by(bare)


@pytest.mark.parametrize(
    'values, reason',
    [
        ({'labels': {'emotion': 'bored'}}, "unknown emotion 'bored'"),
        ({'labels': {'emotion': ''}}, 'unknown emotion'),
        ({'labels': {'gender': 'unknown'}}, 'unknown gender'),
        ({'labels': {'age': 'old'}}, "unknown task 'age'; expected one of emotion, gender"),
        ({'min_confidence': 1.1}, 'min_confidence is 1.1'),
        ({'min_confidence': float('nan')}, 'min_confidence'),
        ({'duration': -0.1}, 'duration is -0.1'),
        ({'duration': float('nan')}, 'duration'),
    ],
)
def test_impossible_wish(values: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        AffectCriteria(**values)  # type: ignore[arg-type]


def test_nobody_there() -> None:
    query = AffectQuery(AffectCriteria())
    assert query.update(frame(0.0)) is None
    assert query.longest == (0, 0.0)


def test_duration_zero_is_done_at_once() -> None:
    found = AffectQuery(AffectCriteria({'emotion': 'happy'})).update(frame(3.0, face()))
    assert found is not None and found.id == 1


def test_done_after_the_duration() -> None:
    query = AffectQuery(AffectCriteria({'emotion': 'happy'}, duration=1.0))
    done = [query.update(frame(10 + i / 4, face())) is not None for i in range(6)]
    assert done == [False] * 4 + [True] * 2
    assert query.longest == (1, 1.25)


@pytest.mark.parametrize('between', [frame(0.75), frame(0.75, face(emotion='sad'))])
def test_a_break_starts_again(between: FrameResult) -> None:
    query = AffectQuery(AffectCriteria({'emotion': 'happy'}, duration=1.0))
    for result in (frame(0.0, face()), between, frame(1.0, face())):
        assert query.update(result) is None
    assert query.longest == (1, 0.0)
    assert query.update(frame(2.0, face())) is not None


def test_each_face_has_its_own_time() -> None:
    query = AffectQuery(AffectCriteria({'emotion': 'happy'}, duration=1.0))
    assert query.update(frame(0.0, face(1))) is None
    assert query.update(frame(0.6, face(2), face(1))) is None
    assert query.longest == (1, 0.6)
    found = query.update(frame(1.1, face(2), face(1)))
    assert found is not None and found.id == 1
    found = query.update(frame(1.7, face(2)))
    assert found is not None and found.id == 2


def test_faces_do_not_take_turns() -> None:
    query = AffectQuery(AffectCriteria({'emotion': 'happy'}, duration=1.0))
    for i in range(20):
        assert query.update(frame(i * 0.5, face(i))) is None
