# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('pyarrow', reason="needs pip's extra parquet")

import pyarrow.parquet as parquet

from examples.mood_log import MoodLog
from face_affect.core.faces import Box, Detection, EMOTIONS, Estimate, Face, FrameResult


def result(stamp: float, *emotions: str) -> FrameResult:
    faces = []
    for i, emotion in enumerate(emotions):
        values = tuple(float(label == emotion) for label in EMOTIONS)
        estimate = Estimate(EMOTIONS, values, values)
        faces.append(Face(i + 1, Detection(Box(0, 0, 9, 9), 0.9), 1.0, 5, {'emotion': estimate}))
    return FrameResult(stamp, 640, 480, tuple(faces))


def test_means_by_minute(tmp_path: Path) -> None:
    log = MoodLog(min_faces=2)
    log.add(result(61.0, 'happy', 'sad'))
    log.add(result(119.9, 'happy', 'happy'))
    log.add(result(120.0, 'fear'))  # a minute with a single detection is left out
    assert log.write(tmp_path / 'mood.parquet') == 1
    (row,) = parquet.read_table(tmp_path / 'mood.parquet').to_pylist()
    assert row['minute'].timestamp() == 60
    assert (row['sightings'], row['happy'], row['sad'], row['fear']) == (4, 0.75, 0.25, 0.0)
    assert set(row) == {'minute', 'sightings', *EMOTIONS}
