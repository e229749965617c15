# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Constructed results with located faces, and stand-ins for publishers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from face_affect.core.faces import Box, Detection, Estimate, Face, FrameResult, Location
from face_affect.core.tasks import TASKS

HEADER = Header(frame_id='camera_optical_frame', stamp=Time(sec=7))
POSITION = (0.25, -0.5, 2.0)


def face(number: int, position: tuple[float, float, float] | None = None) -> Face:
    """Return a face whose score is 0.75 and whose first label of each task has 0.5."""
    estimates = {}
    for task in TASKS:
        rest = 0.5 / (len(task.labels) - 1)
        values = (0.5, *(rest for _ in task.labels[1:]))
        estimates[task.name] = Estimate(task.labels, values, values)
    return Face(
        number,
        Detection(Box(-10, 20, 50, 60), 0.75),
        age=1.0,
        frames=5,
        estimates=estimates,
        location=Location((0.0, 0.0, 1.0), position),
    )


def result(*faces: Face, rotate: int = 0) -> FrameResult:
    """Return the result of an image of 640x480."""
    return FrameResult(7.0, 640, 480, faces, rotate=rotate)


@dataclass
class FakePublisher:
    """A stand-in for a publisher, with recorded messages."""

    kind: type
    topic: str
    depth: int
    subscribers: int = 1
    messages: list[Any] = field(default_factory=list)

    def publish(self, message: Any) -> None:
        self.messages.append(message)

    def get_subscription_count(self) -> int:
        return self.subscribers
