# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The keys under which the leaves meet on the blackboard, and what stands there."""

# Where the keys stand, unless a leaf is told otherwise: one namespace for each node.
NAMESPACE = 'face_affect'

# FaceAffectArray: the newest result
FACES = 'faces'
# FaceHistory: the results of the last seconds
HISTORY = 'history'
# list of FaceAffect: who fulfilled the condition that succeeded last
MATCHING = 'matching_faces'
# FaceAffect: whom SelectFace has chosen
SELECTED = 'selected_face'

# What a leaf says where FacesToBlackboard has put nothing.
NOTHING_THERE = 'no faces on the blackboard: FacesToBlackboard fails, or is not ticked before'
