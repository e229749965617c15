# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The example that turns the head, with constructed voices, faces and a simulated joint."""

from __future__ import annotations

import math

from face_affect_msgs.msg import FaceAffect
from faces import face, put, result
from geometry_msgs.msg import Vector3
from py_trees.common import Status
import pytest
from std_msgs.msg import Float64

from examples.turn_to_speaker import LIMIT, PATIENCE, StandInJoint, TurnToSpeaker


class Room:
    """People around the robot, seen by a camera on its head."""

    def __init__(self, *angles: float) -> None:
        """Place faces at angles from the robot's front, radians, positive to the left."""
        self.joint = StandInJoint()
        self.leaf = TurnToSpeaker(self.joint)
        self.angles = angles
        self._images = 0

    def look(self) -> Status:
        """Publish a result for the current head angle, and tick."""
        self._images += 1
        put(result(self._images / 10, *map(self._face, range(len(self.angles)))))
        return self.tick()

    def tick(self) -> Status:
        self.leaf.tick_once()
        return self.leaf.status

    def _face(self, number: int) -> FaceAffect:
        seen = face(number + 1)
        angle = self.angles[number] - self.joint.position
        seen.has_bearing = True
        seen.bearing = Vector3(x=-math.sin(angle), z=math.cos(angle))
        return seen


def test_the_head_turns_to_the_speaker_and_stays() -> None:
    room = Room(0.6, -0.5)
    room.leaf.hear(Float64(data=-0.4))
    assert room.look() == Status.RUNNING
    # To the right, by half of the angle
    assert room.joint.position == pytest.approx(-0.25)
    statuses = [room.look() for _ in range(10)]
    assert statuses[-1] == Status.SUCCESS
    assert -0.5 < room.joint.position < -0.44


def test_one_image_is_one_command() -> None:
    room = Room(0.6)
    room.leaf.hear(Float64(data=0.6))
    room.look()
    assert room.tick() == Status.RUNNING
    assert room.joint.position == pytest.approx(0.3)


@pytest.mark.parametrize('voice', [1.0, math.nan, math.inf])
def test_a_voice_without_a_face_is_ignored(voice: float) -> None:
    room = Room(0.6)
    room.leaf.hear(Float64(data=voice))
    assert room.look() == Status.FAILURE
    assert room.joint.position == 0.0


def test_without_a_voice_the_head_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(0.6)
    assert room.look() == Status.FAILURE
    room.leaf.hear(Float64(data=0.6))
    assert room.look() == Status.RUNNING
    room.leaf._heard -= PATIENCE
    assert room.look() == Status.FAILURE


def test_without_faces_or_bearings() -> None:
    leaf = Room().leaf
    leaf.hear(Float64(data=0.0))
    for faces in ([], [face(1)]):
        put(result(1.0, *faces))
        leaf.tick_once()
        assert leaf.status == Status.FAILURE


def test_the_joint_has_limits() -> None:
    room = Room(1.5)
    room.leaf.hear(Float64(data=1.5))
    for _ in range(10):
        assert room.look() == Status.RUNNING
    assert room.joint.position == LIMIT
