# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Log the mean emotion per minute as Parquet, without images, ids or data of single persons.

Each row has a minute, its number of detections, and their mean probability of each emotion. Call
``add`` with ``face_affect.core.codec.decode_result(message)`` for each message on ~/faces, or with
results of a Pipeline whose stamps are seconds since 1970; call ``write`` at the end of the day.
Whether such a table may be stored depends on the place of use: see docs/PRIVACY.md.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import pyarrow as pa
import pyarrow.parquet as parquet

from face_affect.core.faces import EMOTIONS, FrameResult

MINUTE = 60  # seconds


class MoodLog:
    """Sums of emotion probabilities by minute; a face counts once per image."""

    def __init__(self, min_faces: int = 10) -> None:
        """Start empty; minutes with fewer detections than ``min_faces`` are not written."""
        self._min_faces = min_faces
        self._sums: dict[int, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(EMOTIONS)))
        self._counts: dict[int, int] = defaultdict(int)

    def add(self, result: FrameResult) -> None:
        """Add the faces of one image."""
        minute = int(result.stamp // MINUTE) * MINUTE
        for face in result.faces:
            if face.emotion:
                self._sums[minute] += face.emotion.probabilities
                self._counts[minute] += 1

    def write(self, path: Path) -> int:
        """Write a row for each minute to the Parquet file ``path``; return the number of rows."""
        kept = [m for m in sorted(self._counts) if self._counts[m] >= self._min_faces]
        means = [self._sums[minute] / self._counts[minute] for minute in kept]
        columns = {
            'minute': pa.array([m * 1_000_000 for m in kept], pa.timestamp('us', tz='UTC')),
            'sightings': pa.array([self._counts[m] for m in kept], pa.int64()),
        }
        for i, emotion in enumerate(EMOTIONS):
            columns[emotion] = pa.array([float(mean[i]) for mean in means], pa.float64())
        parquet.write_table(pa.table(columns), path)
        return len(kept)
