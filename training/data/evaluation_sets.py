# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Test sets of a classifier in a folder of data sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from face_affect.core.models import Sidecar
from training.data.faces import FaceSet, validation_part
from training.data.label_functions import for_labels, for_votes, learnt_votes
from training.data.loading import load_faces, task_of

ADULT_BINS = ('20-29', '30-39', '40-49', '50-59', '60-69')
ADULT_YEARS = '18 and more'
HELD_OUT = 'held-out tenth'


@dataclass(frozen=True)
class EvaluationSet:
    """A test set; ``whole`` unless it is a subset of another one.

    ``sidecar`` is the model to test, with the head selected that was trained on these labels.
    """

    __test__ = False  # Not collected by pytest

    title: str
    faces: FaceSet
    sidecar: Sidecar
    whole: bool = True


def find_evaluation_sets(sidecar: Sidecar, folder: Path) -> list[EvaluationSet]:
    """Return the test sets in ``folder`` for the task of ``sidecar`` that are not empty.

    They are the held-out tenth of the training file, which is the first one; the test rows of
    FER-2013; and every other file as a whole. Of FER-2013, the labels of the default head are
    the first.
    """
    trained_on = sidecar.training.get('recipe', {}).get('data')
    paths = sorted(folder.iterdir(), key=lambda path: (path.name != trained_on, path.name))
    return [
        test
        for path in paths
        if task_of(path) == sidecar.task
        for test in _tests_of(sidecar, load_faces(path), path.stem, path.name == trained_on)
        if len(test.faces)
    ]


def _tests_of(
    sidecar: Sidecar, faces: FaceSet, name: str, trained_on: bool
) -> Iterator[EvaluationSet]:
    if 'usage' in faces.groups:
        if trained_on:
            yield from _fer2013(sidecar, validation_part(faces), f'{name}, {HELD_OUT}')
        for usage in ('PublicTest', 'PrivateTest'):
            part = faces.subset(faces.groups['usage'] == usage)
            yield from _fer2013(sidecar, part, f'{name}, {usage}')
            yield from _without_doubtful(for_labels(sidecar), part)
        return
    part = validation_part(faces) if trained_on else faces
    yield EvaluationSet(f'{name}, {HELD_OUT}' if trained_on else name, part, sidecar)
    if 'age' in faces.groups:
        ages = part.groups['age']
        grown_up = np.isin(ages, ADULT_BINS)
        title = 'of these, 20 to 69 years'
        if not grown_up.any():
            grown_up, title = ages == ADULT_YEARS, 'of these, 18 years and more'
        yield EvaluationSet(title, part.subset(grown_up), sidecar, whole=False)


def _fer2013(sidecar: Sidecar, faces: FaceSet, name: str) -> Iterator[EvaluationSet]:
    """Yield rows of FER-2013 with their labels and with the FER+ majorities."""
    labels = EvaluationSet(name, faces, for_labels(sidecar))
    by_votes = learnt_votes(sidecar)
    majority = EvaluationSet(
        f'{name}, FER+ majority', faces.by_majority(), for_votes(sidecar), whole=by_votes
    )
    yield from (majority, labels) if by_votes else (labels, majority)


def _without_doubtful(sidecar: Sidecar, faces: FaceSet) -> Iterator[EvaluationSet]:
    """Yield the test rows that are neither duplicates of training images nor non-faces."""
    kept = faces.groups['copy'] == 'original'
    title = 'of these, no copies of training pictures'
    if 'face' in faces.groups:
        kept &= faces.groups['face'] == 'face'
        title += ', no non-faces'
    yield EvaluationSet(title, faces.subset(kept), sidecar, whole=False)
