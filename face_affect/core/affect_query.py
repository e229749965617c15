# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Wait for a face that shows something for some time without a break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from face_affect.core.faces import Face, FrameResult
from face_affect.core.tasks import TASKS


@dataclass(frozen=True)
class AffectCriteria:
    """What to wait for.

    ``labels`` that a face must have, by the name of their task; ``face_id`` the face that
    must show them, None for any; ``min_confidence`` 0..1, on top of the settings' own;
    ``duration`` seconds, by the stamps of the images.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    face_id: int | None = None
    min_confidence: float = 0.0
    duration: float = 0.0

    def __post_init__(self) -> None:
        """Validate labels and numbers.

        Raises:
            ValueError: a task or label is unknown, or a number out of range.

        """
        known = {task.name: task.labels for task in TASKS}
        for name, label in self.labels.items():
            if name not in known:
                raise ValueError(f'unknown task {name!r}; there are {", ".join(known)}')
            if label not in known[name]:
                raise ValueError(f'unknown {name} {label!r}; there are {", ".join(known[name])}')
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f'min_confidence is {self.min_confidence}, but must be from 0 to 1')
        if not self.duration >= 0:
            raise ValueError(f'duration is {self.duration} s, but must not be negative')

    def shown_by(self, face: Face) -> bool:
        """Return whether ``face`` shows all of it in this image."""
        return self.face_id in (None, face.id) and all(
            name in face.estimates
            and face.estimates[name].label == label
            and face.estimates[name].confidence >= self.min_confidence
            for name, label in self.labels.items()
        )


class AffectQuery:
    """Follows image by image who shows what is wanted, and since when."""

    def __init__(self, wanted: AffectCriteria) -> None:
        """Start to wait."""
        self.wanted = wanted
        self._since: dict[int, float] = {}
        self._stamp = 0.0

    def update(self, result: FrameResult) -> Face | None:
        """Take in one image's result; return the face that has shown it long enough, if any."""
        showing = [face for face in result.faces if self.wanted.shown_by(face)]
        self._since = {face.id: self._since.get(face.id, result.stamp) for face in showing}
        self._stamp = result.stamp
        done = [
            face for face in showing if result.stamp - self._since[face.id] >= self.wanted.duration
        ]
        return min(done, key=lambda face: self._since[face.id], default=None)

    @property
    def longest(self) -> tuple[int, float]:
        """The face that has shown it longest, (id, seconds); (0, 0) if none does."""
        if not self._since:
            return 0, 0.0
        face_id = min(self._since, key=lambda key: self._since[key])
        return face_id, self._stamp - self._since[face_id]
