# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""IsFacePresent, IsEmotion and IsGender, ticked without a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faces import face, put, read, result
from py_trees.behaviour import Behaviour
from py_trees.blackboard import Client
from py_trees.common import Access, Status
import pytest

from face_affect.behaviours import IsEmotion, IsFacePresent, IsGender
from face_affect.behaviours.blackboard import MATCHING, NAMESPACE, SELECTED


def tick(leaf: Behaviour) -> Status:
    leaf.tick_once()
    return leaf.status


def matching() -> list[int]:
    found: Any = read(MATCHING)
    return [face.id for face in found]


@pytest.mark.parametrize(
    'make',
    [
        lambda: IsFacePresent('leaf'),
        lambda: IsEmotion('leaf', 'happy'),
        lambda: IsGender('leaf', 'male'),
    ],
)
def test_without_faces_on_the_blackboard(make: Callable[[], Behaviour]) -> None:
    leaf = make()
    assert tick(leaf) == Status.FAILURE
    assert 'FacesToBlackboard' in leaf.feedback_message


def test_presence() -> None:
    leaf = IsFacePresent('leaf')
    put(result(1.0))
    assert tick(leaf) == Status.FAILURE
    assert leaf.feedback_message == 'no face'
    put(result(1.0, face(7), face(8)))
    assert tick(leaf) == Status.SUCCESS
    assert matching() == [7, 8]
    assert leaf.feedback_message == 'present: #7, #8'


def test_presence_for_some_time() -> None:
    leaf = IsFacePresent('leaf', duration=1.0)
    put(result(1.0, face(7)), result(1.5, face(7), face(8)))
    assert tick(leaf) == Status.FAILURE
    assert leaf.feedback_message == 'present for 0.5 s of 1 s'
    put(result(1.0, face(7)), result(1.5, face(7), face(8)), result(2.0, face(7), face(8)))
    assert tick(leaf) == Status.SUCCESS
    assert matching() == [7]


@pytest.mark.parametrize(
    'shown, status',
    [
        (face(1, 'happy', 0.8), Status.SUCCESS),
        (face(1, 'happy', 0.6), Status.FAILURE),
        (face(1, 'sad', 0.9), Status.FAILURE),
    ],
)
def test_emotion(shown: Any, status: Status) -> None:
    leaf = IsEmotion('leaf', 'happy', min_confidence=0.7)
    put(result(1.0, face(3, 'neutral'), shown))
    assert tick(leaf) == status
    if status == Status.SUCCESS:
        assert matching() == [1]
    else:
        assert leaf.feedback_message == 'no face is happy'


def test_unknown_emotion_is_no_emotion() -> None:
    unsure = face(1, 'happy', 0.35)
    unsure.emotion.label = unsure.emotion.UNKNOWN
    put(result(1.0, unsure))
    assert tick(IsEmotion('leaf', 'happy')) == Status.FAILURE


def test_emotion_must_last_on_one_and_the_same_face() -> None:
    leaf = IsEmotion('leaf', 'happy', duration=1.0)
    put(
        result(1.0, face(1, 'happy')), result(1.6, face(2, 'happy')), result(2.2, face(2, 'happy'))
    )
    assert tick(leaf) == Status.FAILURE
    assert leaf.feedback_message == 'happy for 0.6 s of 1 s'
    put(result(1.0, face(1, 'happy')), result(1.6, face(1)), result(2.2, face(1, 'happy')))
    assert tick(leaf) == Status.FAILURE
    put(
        result(1.0, face(1, 'happy')), result(1.6, face(1, 'happy')), result(2.2, face(1, 'happy'))
    )
    assert tick(leaf) == Status.SUCCESS


def test_gender() -> None:
    put(result(1.0, face(1, gender='female'), face(2, gender='male', sure=0.7)))
    assert tick(IsGender('leaf', 'male')) == Status.SUCCESS
    assert matching() == [2]
    assert tick(IsGender('leaf', 'male', min_confidence=0.8)) == Status.FAILURE


def test_only_the_selected_face_counts() -> None:
    leaf = IsEmotion('leaf', 'happy', selected=True)
    put(result(1.0, face(1, 'happy'), face(2, 'sad')))
    assert tick(leaf) == Status.FAILURE
    assert leaf.feedback_message == 'no face is selected'
    client = Client(name='test', namespace=NAMESPACE)
    client.register_key(SELECTED, access=Access.WRITE)
    client.set(SELECTED, face(2))
    assert tick(leaf) == Status.FAILURE
    client.set(SELECTED, face(1))
    assert tick(leaf) == Status.SUCCESS


def test_a_duration_beyond_the_memory_fails_with_the_reason() -> None:
    leaf = IsFacePresent('leaf', duration=5.0)
    put(result(1.0, face(1)), memory=2.0)
    assert tick(leaf) == Status.FAILURE
    assert (
        'duration is 5 s, but must not exceed the memory of FacesToBlackboard, 2 s'
        in leaf.feedback_message
    )


@pytest.mark.parametrize(
    'make, message',
    [
        (
            lambda: IsEmotion('leaf', 'joyful'),
            "unknown emotion 'joyful'; expected one of angry, disgust",
        ),
        (lambda: IsEmotion('leaf', 'HAPPY'), "unknown emotion 'HAPPY'"),
        (lambda: IsEmotion('leaf', 'unknown'), "unknown emotion 'unknown'"),
        (
            lambda: IsGender('leaf', 'other'),
            "unknown gender 'other'; expected one of female, male",
        ),
        (lambda: IsEmotion('leaf', 'sad', min_confidence=1.5), 'min_confidence is 1.5'),
        (lambda: IsEmotion('leaf', 'sad', duration=-1.0), 'duration is -1.0 s'),
        (lambda: IsFacePresent('leaf', duration=float('nan')), 'duration is nan s'),
    ],
)
def test_invalid_arguments_are_refused_at_construction(
    make: Callable[[], Behaviour], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()
