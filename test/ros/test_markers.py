# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Faces as markers."""

from __future__ import annotations

from face_affect_msgs.msg import Emotion, FaceAffect, FaceAffectArray, Gender
from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from face_affect.ros.markers import markers

HEADER = Header(frame_id='camera_optical_frame')


def face(number: int, distance: float | None = None) -> FaceAffect:
    message = FaceAffect(
        id=number,
        has_bearing=True,
        bearing=Vector3(z=1.0),
        emotion=Emotion(label=Emotion.HAPPY, confidence=0.9),
        gender=Gender(label=Gender.UNKNOWN, confidence=0.5),
    )
    if distance is not None:
        message.has_position = True
        message.position = Point(z=distance)
    return message


def kinds(*faces: FaceAffect) -> list[int]:
    found = markers(FaceAffectArray(header=HEADER, faces=list(faces))).markers
    assert all(marker.header == HEADER for marker in found)
    # The first marker deletes the previous ones.
    assert found[0].action == Marker.DELETEALL
    identifiers = [(marker.ns, marker.id) for marker in found[1:]]
    assert len(set(identifiers)) == len(identifiers)
    return [marker.type for marker in found[1:]]


def test_no_markers_without_located_faces() -> None:
    assert kinds() == []
    assert kinds(FaceAffect(id=1)) == []


def test_bearing_is_an_arrow_position_a_sphere() -> None:
    assert kinds(face(1)) == [Marker.ARROW, Marker.TEXT_VIEW_FACING]
    assert kinds(face(1, 2.0), face(2)) == [
        Marker.ARROW,
        Marker.TEXT_VIEW_FACING,
        Marker.SPHERE,
        Marker.ARROW,
        Marker.TEXT_VIEW_FACING,
    ]


def test_markers_are_at_the_face_and_have_its_labels() -> None:
    _, arrow, text, ball = markers(
        FaceAffectArray(header=HEADER, faces=[face(1795594146976, 2.0)])
    ).markers
    assert [point.z for point in arrow.points] == [0.0, 2.0]
    assert ball.pose.position.z == 2.0
    assert text.text == '#6976 happy unknown'
    assert text.pose.position.y < 0  # above: y points down
