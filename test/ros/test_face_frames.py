# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Faces as frames of TF."""

from __future__ import annotations

from dataclasses import dataclass
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Vector3
from located_faces import face, FakePublisher, HEADER, POSITION, result
from std_msgs.msg import Header

from face_affect.ros.face_frames import FaceFrames, facing_camera, transforms

# In the camera's optical frame
LEFT, RIGHT, UP, DOWN, TO_CAMERA = (-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1)


@dataclass
class TFMessage:
    """A stand-in."""

    transforms: list[Any]


@pytest.fixture
def tf2_msgs(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType('tf2_msgs.msg')
    module.TFMessage = TFMessage
    monkeypatch.setitem(sys.modules, 'tf2_msgs', ModuleType('tf2_msgs'))
    monkeypatch.setitem(sys.modules, 'tf2_msgs.msg', module)


def turned(rotate: int, vector: tuple[int, int, int]) -> np.ndarray:
    """Return a vector of the frame in the camera's optical frame."""
    q = facing_camera(rotate)
    axis = np.array([q.x, q.y, q.z])
    cross = np.cross(axis, vector)
    return np.asarray(vector + 2 * q.w * cross + 2 * np.cross(axis, cross))


@pytest.mark.parametrize('rotate, top', [(0, UP), (90, LEFT), (180, DOWN), (270, RIGHT)])
def test_x_is_out_of_the_face_and_z_to_the_top_of_the_head(
    rotate: int, top: tuple[int, int, int]
) -> None:
    np.testing.assert_allclose(turned(rotate, (1, 0, 0)), TO_CAMERA, atol=1e-12)
    np.testing.assert_allclose(turned(rotate, (0, 0, 1)), top, atol=1e-12)


def test_a_frame_for_each_face_with_a_position() -> None:
    (found,) = transforms(result(face(0x1A2B3C, POSITION), face(2)), HEADER)
    assert found.header == HEADER
    assert found.child_frame_id == 'face_f1a2b3c'
    x, y, z = POSITION
    assert found.transform.translation == Vector3(x=x, y=y, z=z)
    assert found.transform.rotation == facing_camera(0)


def test_the_frame_follows_the_rotation_of_the_image() -> None:
    (found,) = transforms(result(face(1, POSITION), rotate=90), HEADER)
    assert found.transform.rotation == facing_camera(90)


@pytest.mark.usefixtures('tf2_msgs')
def test_published_on_tf_only_if_there_is_a_frame() -> None:
    problems: list[tuple[str, str]] = []
    made: list[FakePublisher] = []

    def create(*given: Any) -> Any:
        made.append(FakePublisher(*given))
        return made[-1]

    frames = FaceFrames(create, lambda *problem: problems.append(problem))
    (publisher,) = made
    assert (publisher.kind, publisher.topic, publisher.depth) == (TFMessage, '/tf', 100)
    frames.publish(result(face(1)), Header())
    assert not publisher.messages and not problems
    frames.publish(result(face(1, POSITION)), HEADER)
    assert publisher.messages == [TFMessage(transforms(result(face(1, POSITION)), HEADER))]
    frames.publish(result(face(1, POSITION)), Header(stamp=Time(sec=7)))
    frames.publish(result(face(1, POSITION)), Header(frame_id='camera'))
    assert len(publisher.messages) == 1
    assert [kind for kind, _ in problems] == ['tf', 'tf']
    assert 'no frame_id' in problems[0][1] and 'no stamp' in problems[1][1]
