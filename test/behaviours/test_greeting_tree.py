# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The texts of the example tree, result by result."""

from __future__ import annotations

from pathlib import Path
import runpy

from face_affect_msgs.msg import FaceAffect
from faces import face, put, result
from py_trees.blackboard import Blackboard
from py_trees.common import Status
import pytest

ROOT = Path(__file__).parents[2]
HELLO, THANKS, ASK = (
    'Hello! Can I help you?',
    'Thank you for your smile!',
    'Is everything all right?',
)


class Talk:
    """The reactions, ticked once a result."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        example = runpy.run_path(str(ROOT / 'examples' / 'greeting_tree.py'))
        # Without FacesToBlackboard: the test fills the blackboard itself.
        self._root = example['create_tree'](self._say).children[1]
        self._results: list[object] = []

    def _say(self, text: str, face: FaceAffect) -> None:
        self.said.append((face.id, text))

    def show(self, seconds: float, *faces: FaceAffect) -> list[tuple[int, str]]:
        """Show faces for a time at ten results per second; return the spoken texts."""
        self.said = []
        for _ in range(round(seconds * 10)):
            self._results.append(result(len(self._results) / 10, *faces))
            put(*self._results)  # type: ignore[arg-type]
            self._root.tick_once()
            assert self._root.status in (Status.SUCCESS, Status.RUNNING)
        return self.said


@pytest.fixture
def talk() -> Talk:
    Blackboard.clear()
    return Talk()


def test_newcomers_are_greeted_once(talk: Talk) -> None:
    assert talk.show(1.0) == []
    assert talk.show(0.4, face(1)) == []
    assert talk.show(5.0, face(1)) == [(1, HELLO)]
    assert talk.show(2.0, face(1), face(2)) == [(2, HELLO)]


def test_a_happy_face_is_thanked(talk: Talk) -> None:
    assert talk.show(5.0, face(1, 'happy')) == [(1, HELLO), (1, THANKS)]


def test_a_sad_face_is_asked(talk: Talk) -> None:
    assert talk.show(5.0, face(1, 'sad')) == [(1, HELLO), (1, ASK)]


def test_a_short_or_uncertain_expression_is_ignored(talk: Talk) -> None:
    talk.show(1.0, face(1))
    assert talk.show(1.4, face(1, 'sad')) == []
    assert talk.show(1.0, face(1)) == []
    assert talk.show(5.0, face(1, 'sad', sure=0.5)) == []


def test_two_faces_are_both_addressed(talk: Talk) -> None:
    assert talk.show(5.0, face(1, 'sad'), face(2, 'happy')) == [
        (1, HELLO),
        (2, HELLO),
        (2, THANKS),
        (1, ASK),
    ]
