# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What the follower has seen: faces, counts and times."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from face_affect_msgs.msg import FaceAffect, FaceAffectArray
import numpy as np

from face_affect.core.codec import label_of
from face_affect.core.faces import EMOTIONS, GENDERS
from face_affect.core.stamps import to_nanoseconds, to_seconds

PENDING = 1000  # images at most that wait for their result, and results for their image


@dataclass(frozen=True)
class LatencySummary:
    """Median and 95th percentile, milliseconds."""

    median: float
    high: float

    def __str__(self) -> str:
        """Return the summary as text."""
        return f'median {self.median:.1f} ms, 95 % within {self.high:.1f} ms'


def summarise(seconds: array[float]) -> LatencySummary | None:
    """Return the summary of ``seconds``; None if there are none."""
    if not seconds:
        return None
    median, high = np.percentile(seconds, (50, 95)) * 1e3
    return LatencySummary(float(median), float(high))


class Latencies:
    """From an image's sending to its result's arrival, paired by the stamp that both bear."""

    def __init__(self) -> None:
        """Start with none."""
        self._seconds = array('d')
        self._sent: dict[int, int] = {}
        self._received: dict[int, int] = {}

    @property
    def summary(self) -> LatencySummary | None:
        """What they come to; None before the first."""
        return summarise(self._seconds)

    @property
    def newest(self) -> float | None:
        """The last one, seconds; None before the first."""
        return self._seconds[-1] if self._seconds else None

    def sent(self, stamp: int, moment: int) -> None:
        """Note when an image was sent; all in nanoseconds."""
        self._note(self._sent, stamp, moment)
        self._pair(stamp)

    def received(self, stamp: int, moment: int) -> None:
        """Note when a result arrived; all in nanoseconds."""
        self._note(self._received, stamp, moment)
        self._pair(stamp)

    @staticmethod
    def _note(moments: dict[int, int], stamp: int, moment: int) -> None:
        moments[stamp] = moment
        if len(moments) > PENDING:
            del moments[next(iter(moments))]

    def _pair(self, stamp: int) -> None:
        if stamp in self._sent and stamp in self._received:
            self._seconds.append((self._received.pop(stamp) - self._sent.pop(stamp)) * 1e-9)


@dataclass
class Sighting:
    """One id: when it was seen, nanoseconds by the images' stamps, and how at last."""

    first: int
    last: int
    face: FaceAffect

    @property
    def emotion(self) -> str:
        """The emotion's name."""
        return label_of(self.face.emotion.label, EMOTIONS)

    @property
    def gender(self) -> str:
        """The gender's name."""
        return label_of(self.face.gender.label, GENDERS)


class SessionStatistics:
    """Keeps count of results and pictures."""

    def __init__(self, frames: int) -> None:
        """Expect ``frames`` images; 0 if unknown."""
        self.frames = frames
        self.results = 0
        self.pictures = 0
        self.first: int | None = None
        self.sightings: dict[int, Sighting] = {}
        self.newest: FaceAffectArray | None = None
        self.latencies = Latencies()
        self._processing = array('d')

    @property
    def complete(self) -> bool:
        """Whether every image has its result and its picture."""
        return self.results >= self.frames > 0 and self.pictures >= self.results

    @property
    def present(self) -> list[int]:
        """The ids in the newest result."""
        return [face.id for face in self.newest.faces] if self.newest else []

    @property
    def processing_summary(self) -> LatencySummary | None:
        """How long the node says that it took for an image; None before the first."""
        return summarise(self._processing)

    @property
    def elapsed(self) -> float:
        """Seconds from the first result's stamp to the newest one's."""
        return (
            0.0
            if self.newest is None
            else self.since_start(to_nanoseconds(self.newest.header.stamp))
        )

    def since_start(self, stamp: int) -> float:
        """Return seconds from the first result's stamp to ``stamp``."""
        return (stamp - (self.first or 0)) * 1e-9

    def add_result(self, result: FaceAffectArray) -> None:
        """Take up a result."""
        stamp = to_nanoseconds(result.header.stamp)
        self.first = stamp if self.first is None else self.first
        self.results += 1
        self.newest = result
        self._processing.append(to_seconds(result.processing_time))
        for face in result.faces:
            sighting = self.sightings.setdefault(face.id, Sighting(stamp, stamp, face))
            sighting.last, sighting.face = stamp, face

    def has_faces(self, stamp: int) -> bool:
        """Return whether the image of ``stamp`` is known to have faces; the newest one only."""
        newest = self.newest
        return (
            newest is not None
            and to_nanoseconds(newest.header.stamp) == stamp
            and bool(newest.faces)
        )
