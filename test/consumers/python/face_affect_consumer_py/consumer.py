# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Use a message, a service, the action, and the library."""

from __future__ import annotations

from face_affect_msgs.action import WaitForAffect
from face_affect_msgs.msg import FaceAffect, FaceAffectArray
from face_affect_msgs.srv import GetFaces

from face_affect import Settings


def main() -> None:
    """Print what was made of them."""
    faces = FaceAffectArray(faces=[FaceAffect(), FaceAffect()])
    GetFaces.Response(faces=faces)
    WaitForAffect.Goal()
    print(len(faces.faces), Settings().detection_threshold > 0)
