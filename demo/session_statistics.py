# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Statistics of a session: faces, message counts and latencies."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from face_affect_msgs.msg import FaceAffect, FaceAffectArray
import numpy as np

from face_affect.core.codec import label_of
from face_affect.core.faces import EMOTIONS, GENDERS
from face_affect.core.stamps import to_nanoseconds, to_seconds

PENDING = 1000  # maximum number of images without result, and of results without image


@dataclass(frozen=True)
class LatencySummary:
    """Median and 95th percentile (``high``) in milliseconds."""

    median: float
    high: float

    def __str__(self) -> str:
        """Return the summary as text."""
        return f'median {self.median:.1f} ms, 95 % within {self.high:.1f} ms'


def summarise(seconds: array[float]) -> LatencySummary | None:
    """Return the summary of latencies in seconds; None without any."""
    if not seconds:
        return None
    median, high = np.percentile(seconds, (50, 95)) * 1e3
    return LatencySummary(float(median), float(high))


class Latencies:
    """Latencies from sending an image to receiving its result, paired by stamp."""

    def __init__(self) -> None:
        """Start without latencies."""
        self._seconds = array('d')
        self._sent: dict[int, int] = {}
        self._received: dict[int, int] = {}

    @property
    def summary(self) -> LatencySummary | None:
        """The summary; None before the first result."""
        return summarise(self._seconds)

    @property
    def newest(self) -> float | None:
        """The latest latency in seconds; None before the first result."""
        return self._seconds[-1] if self._seconds else None

    def sent(self, stamp: int, moment: int) -> None:
        """Add the send time of the image with ``stamp``; both in nanoseconds."""
        self._note(self._sent, stamp, moment)
        self._pair(stamp)

    def received(self, stamp: int, moment: int) -> None:
        """Add the arrival time of the result with ``stamp``; both in nanoseconds."""
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
    """The first and last stamp of an id in nanoseconds, and its latest face."""

    first: int
    last: int
    face: FaceAffect

    @property
    def emotion(self) -> str:
        """The label of the emotion."""
        return label_of(self.face.emotion.label, EMOTIONS)

    @property
    def gender(self) -> str:
        """The label of the gender."""
        return label_of(self.face.gender.label, GENDERS)


class SessionStatistics:
    """Counts results and annotated images, and collects faces and latencies."""

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
        """Whether there are a result and an annotated image for every frame."""
        return self.results >= self.frames > 0 and self.pictures >= self.results

    @property
    def present(self) -> list[int]:
        """The ids in the newest result."""
        return [face.id for face in self.newest.faces] if self.newest else []

    @property
    def processing_summary(self) -> LatencySummary | None:
        """The summary of the node's processing times; None before the first result."""
        return summarise(self._processing)

    @property
    def elapsed(self) -> float:
        """Seconds from the first to the latest stamp of results."""
        return (
            0.0
            if self.newest is None
            else self.since_start(to_nanoseconds(self.newest.header.stamp))
        )

    def since_start(self, stamp: int) -> float:
        """Return the seconds from the first result's stamp to ``stamp``, nanoseconds."""
        return (stamp - (self.first or 0)) * 1e-9

    def add_result(self, result: FaceAffectArray) -> None:
        """Add a result."""
        stamp = to_nanoseconds(result.header.stamp)
        self.first = stamp if self.first is None else self.first
        self.results += 1
        self.newest = result
        self._processing.append(to_seconds(result.processing_time))
        for face in result.faces:
            sighting = self.sightings.setdefault(face.id, Sighting(stamp, stamp, face))
            sighting.last, sighting.face = stamp, face

    def has_faces(self, stamp: int) -> bool:
        """Return whether the latest result has ``stamp`` and faces."""
        newest = self.newest
        return (
            newest is not None
            and to_nanoseconds(newest.header.stamp) == stamp
            and bool(newest.faces)
        )
