# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Labels that differ between two ways of decoding are counted for each task."""

from __future__ import annotations

import pytest

from benchmarks.large_jpeg import Way
from face_affect.core.faces import Box, Detection, Estimate, Face, FrameResult
from face_affect.core.tasks import Task, TASKS


def result(other: Task | None = None) -> FrameResult:
    """Return a face with the first label of each task, but the second one of ``other``."""
    estimates = {}
    for task in TASKS:
        values = [0.0] * len(task.labels)
        values[1 if task is other else 0] = 1.0
        estimates[task.name] = Estimate(task.labels, tuple(values), tuple(values))
    face = Face(1, Detection(Box(10, 20, 50, 60), 0.75), 1.0, 5, estimates)
    return FrameResult(7.0, 640, 480, (face,))


@pytest.mark.parametrize('other', TASKS, ids=lambda task: task.name)
def test_other_labels_are_counted_by_task(other: Task) -> None:
    way = Way('at 1/2', 2)
    way.compare(result(), result(other))
    assert (way.faces, way.both) == (1, 1)
    assert way.others == {task.name: int(task is other) for task in TASKS}
