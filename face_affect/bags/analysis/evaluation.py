# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluate results: recall, precision, id switches, accuracy and confusion matrices."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import math
from typing import Any

from face_affect.bags.analysis.result_reader import Results
from face_affect.bags.analysis.truth import LabelledFace, TruthError
from face_affect.core.association import best_pairs
from face_affect.core.faces import Face, UNKNOWN
from face_affect.core.stamps import SECOND
from face_affect.core.tasks import Task, TASKS

HIT_IOU = 0.5  # minimum of a match, as in PASCAL VOC and MOTChallenge
IGNORED_IOU = 0.3  # minimum of a detection on an ignored face
NORMAL_95 = 1.959964  # quantile of the normal distribution for a 95 % interval


@dataclass(frozen=True)
class Proportion:
    """A proportion, ``hits`` of ``count``, with the 95 % score interval of Wilson (1927)."""

    hits: int
    count: int

    @property
    def value(self) -> float | None:
        """The proportion, 0..1; None if ``count`` is 0."""
        return self.hits / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bounds of the 95 % interval, 0..1; None if ``count`` is 0."""
        if not self.count:
            return None
        n, p, z = self.count, self.hits / self.count, NORMAL_95
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

    def as_dict(self) -> dict[str, Any]:
        """Return the proportion as values for JSON."""
        return {
            'hits': self.hits,
            'count': self.count,
            'value': self.value,
            'interval_95': self.interval,
        }

    def __str__(self) -> str:
        """Return the proportion in percent, with its interval and counts."""
        if not self.interval:
            return 'nothing to measure'
        low, high = self.interval
        return (
            f'{self.hits / self.count:.1%} ({low:.1%} to {high:.1%}), {self.hits} of {self.count}'
        )


@dataclass
class Confusion:
    """The confusion matrix of a task over the detected faces with a true label.

    ``counts`` by (true label, answer); an answer may be UNKNOWN.
    """

    task: Task
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def answers(self) -> tuple[str, ...]:
        """All possible answers."""
        return (*self.task.labels, UNKNOWN)

    @property
    def labelled(self) -> int:
        """The number of detected faces with a true label."""
        return self.counts.total()

    @property
    def correct(self) -> int:
        """The number of detected faces whose answer is the true label."""
        return sum(self.counts[label, label] for label in self.task.labels)

    @property
    def answered(self) -> Proportion:
        """The proportion of labelled faces whose answer is not UNKNOWN."""
        unknown = sum(self.counts[label, UNKNOWN] for label in self.task.labels)
        return Proportion(self.labelled - unknown, self.labelled)

    @property
    def accuracy(self) -> Proportion:
        """The proportion of answered faces whose answer is the true label."""
        return Proportion(self.correct, self.answered.hits)

    def recall(self, label: str) -> Proportion:
        """Return the proportion of faces with the true label ``label`` that were answered so."""
        return Proportion(
            self.counts[label, label], sum(self.counts[label, answer] for answer in self.answers)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return values for JSON; the matrix is keyed by true label, then by answer."""
        return {
            'accuracy': self.accuracy.as_dict(),
            'answered': self.answered.as_dict(),
            'confusion': {
                label: {answer: self.counts[label, answer] for answer in self.answers}
                for label in self.task.labels
            },
        }


@dataclass(frozen=True)
class Evaluation:
    """The accuracy of results on labelled images.

    ``images``: labelled images with a result; ``unmatched``: labelled images without one;
    ``recall`` and ``precision`` of detection; ``switches``: id switches, None if the truth
    names no person; ``people``: the number of persons the truth names; ``tasks``: a confusion
    matrix for each task.
    """

    images: int
    unmatched: int
    recall: Proportion
    precision: Proportion
    switches: int | None
    people: int
    tasks: tuple[Confusion, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all figures as values for JSON."""
        return {
            'images': self.images,
            'images_without_result': self.unmatched,
            'recall': self.recall.as_dict(),
            'precision': self.precision.as_dict(),
            'id_switches': self.switches,
            'people': self.people,
            **{confusion.task.name: confusion.as_dict() for confusion in self.tasks},
        }


def evaluate(
    results: Results, truth: Mapping[int, Sequence[LabelledFace]], tolerance: float = 0.01
) -> Evaluation:
    """Evaluate results on the labelled images; other images do not count.

    Args:
        results: the results of a bag.
        truth: labelled faces by stamp, nanoseconds.
        tolerance: maximum difference between the stamps of truth and result, seconds.

    Raises:
        TruthError: no stamp matches.

    """
    stamps = list(results.results)
    found = true = hits = unmatched = 0
    switches, ids = 0, dict[str, int]()
    confusions = tuple(Confusion(task) for task in TASKS)
    people = {face.person for faces in truth.values() for face in faces} - {''}
    for stamp, labelled in truth.items():
        nearest = _nearest(stamps, stamp)
        if nearest is None or abs(nearest - stamp) > tolerance * SECOND:
            unmatched += 1
            continue
        faces, wanted = _counted(results.results[nearest].frame.faces, labelled)
        pairs = _pairs(wanted, faces)
        true, found, hits = true + len(wanted), found + len(faces), hits + len(pairs)
        for one, face in pairs:
            for confusion in confusions:
                _count(confusion, one, face)
            if one.person:
                switches += ids.get(one.person, face.id) != face.id
                ids[one.person] = face.id
    if unmatched == len(truth):
        raise TruthError(_no_match(stamps, next(iter(truth)), tolerance))
    return Evaluation(
        len(truth) - unmatched,
        unmatched,
        Proportion(hits, true),
        Proportion(hits, found),
        switches if people else None,
        len(people),
        confusions,
    )


def _nearest(stamps: Sequence[int], stamp: int) -> int | None:
    index = bisect.bisect_left(stamps, stamp)
    return min(stamps[max(index - 1, 0) : index + 1], key=lambda s: abs(s - stamp), default=None)


def _no_match(stamps: Sequence[int], stamp: int, tolerance: float) -> str:
    span = f'{stamps[0] / SECOND:.3f} to {stamps[-1] / SECOND:.3f} s' if stamps else 'none'
    return (
        f'no stamp matches within {tolerance:g} s: the truth begins at {stamp / SECOND:.3f} s, '
        f'the results have stamps {span}; give the stamps of the image headers, or a '
        'larger --tolerance'
    )


def _counted(
    faces: Sequence[Face], labelled: Sequence[LabelledFace]
) -> tuple[list[Face], list[LabelledFace]]:
    """Return detections and labelled faces without ignored faces and detections on them."""
    wanted = [one for one in labelled if not one.ignore]
    ignored = [one for one in labelled if one.ignore]
    hit = {id(face) for _, face in _pairs(wanted, faces)}
    return [
        face
        for face in faces
        if id(face) in hit or all(one.box.iou(face.detection.box) < IGNORED_IOU for one in ignored)
    ], wanted


def _pairs(
    wanted: Sequence[LabelledFace], faces: Sequence[Face]
) -> list[tuple[LabelledFace, Face]]:
    overlaps = {
        (i, j): one.box.iou(face.detection.box)
        for i, one in enumerate(wanted)
        for j, face in enumerate(faces)
    }
    costs = {pair: -overlap for pair, overlap in overlaps.items() if overlap >= HIT_IOU}
    return [(wanted[i], faces[j]) for i, j in best_pairs(costs)]


def _count(confusion: Confusion, one: LabelledFace, face: Face) -> None:
    name = confusion.task.name
    if name in one.labels:
        estimate = face.estimates.get(name)
        confusion.counts[one.labels[name], estimate.label if estimate else UNKNOWN] += 1
