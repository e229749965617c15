# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Faces as Detection2DArray, with stand-ins that have the fields of vision_msgs 4.1.1."""

from __future__ import annotations

from dataclasses import field, make_dataclass
import importlib
import sys
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

from geometry_msgs.msg import Point, PoseWithCovariance
from located_faces import face, FakePublisher, HEADER, POSITION, result

from face_affect.core.tasks import TASKS
from face_affect.ros.detections import detections, DetectionTopic

FIELDS = {
    'Detection2DArray': ('header', 'detections'),
    'Detection2D': ('header', 'results', 'bbox', 'id'),
    'BoundingBox2D': ('center', 'size_x', 'size_y'),
    'Pose2D': ('position', 'theta'),
    'Point2D': ('x', 'y'),
    'ObjectHypothesisWithPose': ('hypothesis', 'pose'),
    'ObjectHypothesis': ('class_id', 'score'),
}


def stand_in() -> ModuleType:
    module = ModuleType('vision_msgs.msg')
    for name, names in FIELDS.items():
        made = make_dataclass(name, [(each, Any, field(default=None)) for each in names])
        setattr(module, name, made)
    return module


try:
    INSTALLED = importlib.import_module('vision_msgs.msg')
except ImportError:
    INSTALLED = None


@pytest.fixture(params=['stand-in', 'installed'])
def vision(request: pytest.FixtureRequest) -> Any:
    if request.param == 'stand-in':
        return stand_in()
    return INSTALLED or pytest.skip('vision_msgs is not installed')


def test_a_result_without_faces(vision: Any) -> None:
    message = detections(vision, result(), HEADER)
    assert message.header == HEADER and len(message.detections) == 0


def test_a_face(vision: Any) -> None:
    message = detections(vision, result(face(1795594146976)), HEADER)
    (detection,) = message.detections
    assert detection.header == message.header == HEADER
    assert detection.id == '1795594146976'
    # The box from x = -10 to 40 is clipped to 0 to 40.
    centre = detection.bbox.center.position
    assert (centre.x, centre.y) == (20, 50)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (40, 60)
    found = {each.hypothesis.class_id: each.hypothesis.score for each in detection.results}
    assert list(found) == ['face', *(label for task in TASKS for label in task.labels)]
    assert (found['face'], found['angry'], found['female']) == (0.75, 0.5, 0.5)
    assert found['happy'] == pytest.approx(0.5 / 6)
    assert all(each.pose == PoseWithCovariance() for each in detection.results)


def test_positions(vision: Any) -> None:
    message = detections(vision, result(face(1, POSITION), face(2)), HEADER)
    x, y, z = POSITION
    near, unknown = (each.results[0].pose.pose.position for each in message.detections)
    assert near == Point(x=x, y=y, z=z)
    assert unknown == Point()


def test_nothing_is_converted_without_subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = stand_in()
    monkeypatch.setitem(sys.modules, 'vision_msgs', ModuleType('vision_msgs'))
    monkeypatch.setitem(sys.modules, 'vision_msgs.msg', module)
    made: list[FakePublisher] = []

    def create(*given: Any) -> Any:
        made.append(FakePublisher(*given))
        return made[-1]

    topic = DetectionTopic(create)
    (publisher,) = made
    assert publisher.kind is module.Detection2DArray
    assert publisher.topic == '~/detections'
    publisher.subscribers = 0
    topic.publish(result(face(1)), HEADER)
    assert not publisher.messages
    publisher.subscribers = 1
    topic.publish(result(face(1)), HEADER)
    assert publisher.messages == [detections(module, result(face(1)), HEADER)]
