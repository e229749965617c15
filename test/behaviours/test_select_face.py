# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The selection of a face by each criterion."""

from __future__ import annotations

from typing import Any

from faces import face, put, read, result
from py_trees.common import Status
import pytest

from face_affect.behaviours import IsEmotion, SelectFace
from face_affect.behaviours.blackboard import SELECTED


def selected() -> Any:
    chosen: Any = read(SELECTED)
    return chosen and chosen.id


@pytest.mark.parametrize(
    'criterion, expected', [('nearest', 3), ('largest', 2), ('longest_seen', 1), ('happiest', 4)]
)
def test_criterion(criterion: str, expected: int) -> None:
    put(
        result(
            1.0,
            face(1, 'happy', 0.5, age=9, distance=3.0),
            face(2, 'sad', size=90, age=2),
            face(3, 'angry', distance=1.0),
            face(4, 'happy', 0.8, age=1, distance=2.0),
        )
    )
    leaf = SelectFace('leaf', criterion)
    leaf.tick_once()
    assert leaf.status == Status.SUCCESS
    assert selected() == expected
    assert leaf.feedback_message == f'{criterion}: #{expected}'


def test_without_a_face_the_selection_is_removed() -> None:
    leaf = SelectFace('leaf')
    put(result(1.0, face(1)))
    leaf.tick_once()
    assert selected() == 1
    put(result(2.0))
    leaf.tick_once()
    assert leaf.status == Status.FAILURE
    assert leaf.feedback_message == 'no face'
    assert selected() is None


def test_nearest_fails_without_positions() -> None:
    put(result(1.0, face(1), face(2)))
    leaf = SelectFace('leaf', 'nearest')
    leaf.tick_once()
    assert leaf.status == Status.FAILURE
    assert 'depth image' in leaf.feedback_message


def test_happiest_fails_without_emotion() -> None:
    unread = face(1)
    unread.emotion = type(unread.emotion)()
    put(result(1.0, unread))
    leaf = SelectFace('leaf', 'happiest')
    leaf.tick_once()
    assert leaf.status == Status.FAILURE
    assert 'enable_emotion' in leaf.feedback_message


def test_selection_among_matching_faces() -> None:
    put(result(1.0, face(1, 'sad', size=40), face(2, 'sad', size=50), face(3, size=90)))
    IsEmotion('sad?', 'sad').tick_once()
    SelectFace('leaf', 'largest', among_matching=True).tick_once()
    assert selected() == 2
    put(result(2.0, face(3, size=90)))
    leaf = SelectFace('leaf', 'largest', among_matching=True)
    leaf.tick_once()
    assert leaf.status == Status.FAILURE
    assert leaf.feedback_message == 'no matching face'


def test_without_faces_on_the_blackboard() -> None:
    leaf = SelectFace('leaf')
    leaf.tick_once()
    assert leaf.status == Status.FAILURE
    assert 'FacesToBlackboard' in leaf.feedback_message


def test_unknown_criterion_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="criterion is 'nicest', but must be one of nearest"):
        SelectFace('leaf', 'nicest')
