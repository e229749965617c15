# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
from skipping import ros_missing

if missing := ros_missing():
    pytest.skip(missing, allow_module_level=True)

from builtin_interfaces.msg import Duration, Time
from face_affect_msgs.msg import FaceAffect, FaceAffectArray

from examples.greet_newcomers import Greeter


class Door:
    """Faces in front of the robot, and the greetings spoken."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._greeter = Greeter(self.said.append, cool_down=20.0, min_time=0.5)

    def show(self, stamp: float, *faces: tuple[int, float]) -> list[str]:
        """Add a result of faces (id, tracked seconds); return the greetings spoken."""
        self.said.clear()
        result = FaceAffectArray(
            faces=[FaceAffect(id=number, tracked_for=duration(time)) for number, time in faces]
        )
        result.header.stamp = Time(sec=int(stamp), nanosec=round(stamp % 1 * 1e9))
        self._greeter.add(result)
        return list(self.said)


def duration(seconds: float) -> Duration:
    return Duration(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))


@pytest.fixture
def door() -> Door:
    return Door()


def test_who_stays_is_greeted_once(door: Door) -> None:
    assert door.show(100.0) == []
    assert door.show(101.0, (7, 0.25)) == []
    assert door.show(101.5, (7, 0.5)) == ['Hello!']
    assert door.show(102.0, (7, 1.0)) == []
    assert door.show(200.0, (7, 99.0)) == []


def test_newcomers_wait_for_the_cool_down_and_are_greeted_together(door: Door) -> None:
    assert door.show(100.0, (7, 1.0)) == ['Hello!']
    assert door.show(119.0, (7, 20.0), (8, 5.0), (9, 5.0)) == []
    assert door.show(120.0, (7, 21.0), (8, 6.0), (9, 6.0)) == ['Hello, you 2!']
    assert door.show(150.0, (8, 36.0), (9, 36.0)) == []


def test_a_bag_that_plays_again_starts_again(door: Door) -> None:
    assert door.show(100.0, (7, 1.0)) == ['Hello!']
    assert door.show(50.0, (8, 1.0)) == ['Hello!']
