# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Blackboard keys of the behaviours, and the types of their values."""

# Default namespace of the keys; use another one for each further face_affect node.
NAMESPACE = 'face_affect'

# FaceAffectArray: the newest result
FACES = 'faces'
# FaceHistory: the results of the last seconds
HISTORY = 'history'
# list of FaceAffect: the faces that met the condition that succeeded last
MATCHING = 'matching_faces'
# FaceAffect: the face chosen by SelectFace
SELECTED = 'selected_face'

# Feedback message if FacesToBlackboard has written nothing
NOTHING_THERE = (
    'no faces on the blackboard: FacesToBlackboard failed, or is not ticked before this behaviour'
)
