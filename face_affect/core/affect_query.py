# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Queries for a face that has given labels for a given time without interruption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from face_affect.core.faces import Face, FrameResult
from face_affect.core.tasks import TASKS


@dataclass(frozen=True)
class AffectCriteria:
    """The condition that a face must meet.

    ``labels`` required of a face, by task name; ``face_id`` the required id, None for any
    face; ``min_confidence`` 0..1 of each required label, in addition to the thresholds of the
    settings; ``duration`` seconds without interruption, measured by image stamps.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    face_id: int | None = None
    min_confidence: float = 0.0
    duration: float = 0.0

    def __post_init__(self) -> None:
        """Validate labels and numbers.

        Raises:
            ValueError: a task or label is unknown, or a number is out of range.

        """
        known = {task.name: task.labels for task in TASKS}
        for name, label in self.labels.items():
            if name not in known:
                raise ValueError(f'unknown task {name!r}; expected one of {", ".join(known)}')
            if label not in known[name]:
                raise ValueError(
                    f'unknown {name} {label!r}; expected one of {", ".join(known[name])}'
                )
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f'min_confidence is {self.min_confidence}, but must be from 0 to 1')
        if not self.duration >= 0:
            raise ValueError(f'duration is {self.duration} s, but must not be negative')

    def shown_by(self, face: Face) -> bool:
        """Return whether ``face`` meets the criteria in one image, duration excepted."""
        return self.face_id in (None, face.id) and all(
            name in face.estimates
            and face.estimates[name].label == label
            and face.estimates[name].confidence >= self.min_confidence
            for name, label in self.labels.items()
        )


class AffectQuery:
    """Measures for how long each face has met the criteria, image by image."""

    def __init__(self, wanted: AffectCriteria) -> None:
        """Start with no face that meets the criteria."""
        self.wanted = wanted
        self._since: dict[int, float] = {}
        self._stamp = 0.0

    def update(self, result: FrameResult) -> Face | None:
        """Add the result of one image; return the face that meets the criteria for longest.

        None if no face has met them for ``duration`` seconds yet.
        """
        showing = [face for face in result.faces if self.wanted.shown_by(face)]
        self._since = {face.id: self._since.get(face.id, result.stamp) for face in showing}
        self._stamp = result.stamp
        done = [
            face for face in showing if result.stamp - self._since[face.id] >= self.wanted.duration
        ]
        return min(done, key=lambda face: self._since[face.id], default=None)

    @property
    def longest(self) -> tuple[int, float]:
        """The face that has met the criteria for longest, (id, seconds); (0, 0) without one."""
        if not self._since:
            return 0, 0.0
        face_id = min(self._since, key=lambda key: self._since[key])
        return face_id, self._stamp - self._since[face_id]
