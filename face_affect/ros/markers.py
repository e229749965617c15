# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Convert faces to visualization markers for RViz and Foxglove."""

from __future__ import annotations

from builtin_interfaces.msg import Duration
from face_affect_msgs.msg import FaceAffect, FaceAffectArray
from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from face_affect.core.codec import label_of
from face_affect.core.tasks import TASKS

RAY = 1.5  # length of the arrow towards a face of unknown distance, metres
HEAD = 0.2  # diameter of the sphere at a face, metres
LIFETIME = Duration(sec=1)
COLOUR = ColorRGBA(r=1.0, g=0.8, b=0.2, a=0.9)


def markers(result: FaceAffectArray) -> MarkerArray:
    """Return the markers of a result, which replace those of the previous one.

    Each face of known bearing has an arrow and a text, one of known position a sphere as well.
    """
    array = MarkerArray(markers=[Marker(header=result.header, action=Marker.DELETEALL)])
    for number, face in enumerate(face for face in result.faces if face.has_bearing):
        array.markers += _of_face(result, face, 3 * number)
    return array


def _of_face(result: FaceAffectArray, face: FaceAffect, first: int) -> list[Marker]:
    bearing = face.bearing
    position = (
        face.position
        if face.has_position
        else Point(x=RAY * bearing.x, y=RAY * bearing.y, z=RAY * bearing.z)
    )

    def marker(number: int, kind: int, scale: Vector3) -> Marker:
        made = Marker(
            header=result.header,
            ns='faces',
            id=first + number,
            type=kind,
            scale=scale,
            color=COLOUR,
            lifetime=LIFETIME,
        )
        made.pose.orientation.w = 1.0
        return made

    # Shaft diameter, head diameter, head length
    arrow = marker(0, Marker.ARROW, Vector3(x=0.02, y=0.06, z=0.1))
    arrow.points = [Point(), position]
    text = marker(1, Marker.TEXT_VIEW_FACING, Vector3(z=0.12))
    text.pose.position = Point(x=position.x, y=position.y - HEAD, z=position.z)
    text.text = _caption(face)
    if not face.has_position:
        return [arrow, text]
    sphere = marker(2, Marker.SPHERE, Vector3(x=HEAD, y=HEAD, z=HEAD))
    sphere.pose.position = position
    return [arrow, text, sphere]


def _caption(face: FaceAffect) -> str:
    estimates = [(getattr(face, task.name), task.labels) for task in TASKS]
    words = [
        label_of(estimate.label, labels) for estimate, labels in estimates if estimate.confidence
    ]
    # The last four digits of the id, as in the debug image
    return ' '.join([f'#{face.id % 10_000}', *words])
