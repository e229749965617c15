# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The classification tasks, estimated for every face.

A further task needs an entry in TASKS, from which parameters and options are generated, a network
for its ``model``, and a field of its name in FaceAffect.msg and WaitForAffect.action.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A classification task.

    ``labels`` in the order of models, results and messages; ``model`` the default model name;
    ``min_confidence`` 0..1, the default probability below which the label is UNKNOWN.
    """

    name: str
    labels: tuple[str, ...]
    model: str
    min_confidence: float


# The order of FER-2013's labels
EMOTION = Task(
    'emotion',
    ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'),
    'emotion_mini_residual',
    0.5,
)
GENDER = Task('gender', ('female', 'male'), 'gender_mini_residual', 0.6)
TASKS = (EMOTION, GENDER)
