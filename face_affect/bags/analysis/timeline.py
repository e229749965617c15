# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Results by face id: presence and emotion over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from face_affect.bags.analysis.result_reader import Results
from face_affect.core.faces import Face, UNKNOWN
from face_affect.core.tasks import EMOTION

# Without a detection for both, a face counts as away.
AWAY_SECONDS, AWAY_IMAGES = 0.5, 3
# Of a plot: about the columns of a screen
MAX_POINTS = 1500


@dataclass
class FaceTimeline:
    """The detections of one id: ``times``, seconds since the first result, and their faces."""

    id: int
    times: list[float] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)

    def thinned(self) -> FaceTimeline:
        """Return every n-th detection, so that at most ``MAX_POINTS`` remain."""
        step = -(-len(self.times) // MAX_POINTS)
        return FaceTimeline(self.id, self.times[::step], self.faces[::step])

    def label(self, task: str) -> str:
        """Return the most frequent label of the task named ``task``."""
        labels = [_label(face, task) for face in self.faces]
        return max(sorted(set(labels)), key=labels.count)

    def spells(self, gap: float) -> Iterator[slice]:
        """Yield the index range of each presence; more than ``gap`` seconds separate two."""
        breaks = np.flatnonzero(np.diff(self.times) > gap) + 1
        edges = [0, *breaks.tolist(), len(self.times)]
        for start, end in pairwise(edges):
            yield slice(start, end)

    def moods(self, gap: float) -> Iterator[tuple[float, float, str]]:
        """Yield start, end (seconds) and label of each interval of constant emotion label."""
        for spell in self.spells(gap):
            times, faces = self.times[spell], self.faces[spell]
            start = 0
            for i in range(1, len(times) + 1):
                label = _label(faces[start], EMOTION.name)
                if i == len(times) or _label(faces[i], EMOTION.name) != label:
                    yield times[start], times[min(i, len(times) - 1)], label
                    start = i


def _label(face: Face, task: str) -> str:
    estimate = face.estimates.get(task)
    return estimate.label if estimate else UNKNOWN


def face_timelines(results: Results) -> list[FaceTimeline]:
    """Return a timeline for each face in ``results``, ordered by id."""
    found: dict[int, FaceTimeline] = {}
    first = next(iter(results.results), 0)
    for stamp, result in results.results.items():
        for face in result.frame.faces:
            person = found.setdefault(face.id, FaceTimeline(face.id))
            person.times.append((stamp - first) * 1e-9)
            person.faces.append(face)
    return [found[number] for number in sorted(found)]


def away_after(results: Results) -> float:
    """Return the seconds without a detection after which a face counts as away."""
    stamps = np.array(list(results.results), dtype=np.int64)
    interval = float(np.median(np.diff(stamps))) * 1e-9 if len(stamps) > 1 else 0.0
    return max(AWAY_SECONDS, AWAY_IMAGES * interval)
