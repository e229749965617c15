# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Behaviours (leaves) for py_trees that use the results of a face_affect node.

They need py_trees (rosdep key py_trees, or ``pip install py_trees``), and work in a
``py_trees_ros.trees.BehaviourTree`` or a ``py_trees.trees.BehaviourTree`` that is set up with
``setup(node=...)``. No tick blocks; the program that ticks the tree must also spin the node.
"""

from face_affect.behaviours.conditions import IsEmotion, IsFacePresent, IsGender
from face_affect.behaviours.faces_to_blackboard import FacesToBlackboard
from face_affect.behaviours.history import FaceHistory
from face_affect.behaviours.select_face import SelectFace
from face_affect.behaviours.wait_for_affect import WaitForAffect

__all__ = [
    'FaceHistory',
    'FacesToBlackboard',
    'IsEmotion',
    'IsFacePresent',
    'IsGender',
    'SelectFace',
    'WaitForAffect',
]
