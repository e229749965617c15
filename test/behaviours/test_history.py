# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The history that conditions use."""

from __future__ import annotations

from faces import face, result
import pytest

from face_affect.behaviours import FaceHistory


def history(*rows: tuple[float, list[int]], memory: float = 10.0) -> FaceHistory:
    """Return the history of (stamp, ids of the faces)."""
    made = FaceHistory(memory)
    for stamp, ids in rows:
        made.add(result(stamp, *map(face, ids)))
    return made


def shown(seen: FaceHistory, number: int = 1) -> float | None:
    return seen.shown_for(number, lambda face: True)


def test_empty() -> None:
    assert FaceHistory(1.0).newest is None
    assert shown(FaceHistory(1.0)) is None


@pytest.mark.parametrize(
    'rows, expected',
    [
        ([(1.0, [1])], 0.0),
        ([(1.0, [1]), (1.5, [1]), (3.0, [2, 1])], 2.0),
        ([(1.0, [1]), (2.0, [2])], None),
        ([(1.0, [1]), (2.0, []), (3.0, [1]), (4.0, [1])], 1.0),
        ([(5.0, [1]), (6.0, [1]), (1.0, [1]), (1.5, [1])], 0.5),  # a bag is played again
    ],
)
def test_shown_for(rows: list[tuple[float, list[int]]], expected: float | None) -> None:
    assert shown(history(*rows)) == expected


def test_shown_for_follows_the_condition() -> None:
    made = FaceHistory(10.0)
    for stamp, emotion in ((1.0, 'sad'), (2.0, 'happy'), (3.0, 'happy'), (4.0, 'happy')):
        made.add(result(stamp, face(1, emotion)))
    assert made.shown_for(1, lambda face: face.emotion.label == 3) == 2.0


def test_results_older_than_the_memory_are_dropped() -> None:
    made = history(*((number / 10, [1]) for number in range(100)), memory=2.0)
    assert shown(made) == pytest.approx(2.0)
    assert len(made._results) == 21


@pytest.mark.parametrize('memory', [0.0, -1.0, float('nan')])
def test_memory_must_be_positive(memory: float) -> None:
    with pytest.raises(ValueError, match='must be positive'):
        FaceHistory(memory)
