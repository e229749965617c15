# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Constructed results, and their place on the blackboard."""

from __future__ import annotations

from builtin_interfaces.msg import Duration
from face_affect_msgs.msg import Emotion, FaceAffect, FaceAffectArray, Gender
from geometry_msgs.msg import Point
from py_trees.blackboard import Client
from py_trees.common import Access
from sensor_msgs.msg import RegionOfInterest

from face_affect.behaviours import FaceHistory
from face_affect.behaviours.blackboard import FACES, HISTORY, NAMESPACE
from face_affect.core.faces import EMOTIONS, GENDERS


def face(
    number: int,
    emotion: str = 'neutral',
    sure: float = 0.9,
    gender: str = 'female',
    size: int = 50,
    age: int = 0,
    distance: float | None = None,
) -> FaceAffect:
    """Return a face with ``emotion`` and ``gender``, both of confidence ``sure``."""
    code = EMOTIONS.index(emotion)
    rest = (1 - sure) / 6
    message = FaceAffect(
        id=number,
        roi=RegionOfInterest(width=size, height=size),
        tracked_for=Duration(sec=age),
        emotion=Emotion(
            label=code,
            confidence=sure,
            probabilities=[sure if label == code else rest for label in range(7)],
        ),
        gender=Gender(label=GENDERS.index(gender), confidence=sure),
    )
    if distance is not None:
        message.has_position = True
        message.position = Point(z=distance)
    return message


def result(stamp: float, *faces: FaceAffect) -> FaceAffectArray:
    message = FaceAffectArray(faces=list(faces))
    message.header.stamp.sec = int(stamp)
    message.header.stamp.nanosec = round(stamp % 1 * 1e9)
    return message


def put(*results: FaceAffectArray, memory: float = 10.0) -> FaceHistory:
    """Put results on the blackboard, as FacesToBlackboard does."""
    client = Client(name='test', namespace=NAMESPACE)
    history = FaceHistory(memory)
    for each in results:
        history.add(each)
    for key, value in ((FACES, results[-1]), (HISTORY, history)):
        client.register_key(key, access=Access.WRITE)
        client.set(key, value)
    return history


def read(key: str) -> object:
    """Return the value of ``key``; None if it is not set."""
    client = Client(name='test', namespace=NAMESPACE)
    client.register_key(key, access=Access.READ)
    return client.get(key) if client.exists(key) else None
