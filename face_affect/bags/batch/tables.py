# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write results as tables: a row per face and image; an image without faces has an empty row."""

from __future__ import annotations

from collections.abc import Iterator
import csv
from pathlib import Path
from typing import Any, Protocol

from face_affect.core.faces import Estimate, Face, FrameResult
from face_affect.core.tasks import TASKS
from face_affect.extras import needs

# Rows per row group of a Parquet file
BATCH = 4096

_FACE_COLUMNS = ('id', 'x', 'y', 'width', 'height', 'score', 'tracked_for', 'tracked_frames')
COLUMNS = (
    'stamp_ns',
    'frame',
    *_FACE_COLUMNS,
    *(name for task in TASKS for name in (task.name, f'{task.name}_confidence', *task.labels)),
)
_INTEGERS = {'stamp_ns', 'frame', 'id', 'tracked_frames'}
_TEXTS = {task.name for task in TASKS}

Row = dict[str, Any]


def rows(stamp: int, frame: int, result: FrameResult) -> Iterator[Row]:
    """Yield the rows of one image; ``stamp``: nanoseconds; ``frame``: its index from 0."""
    for face in result.faces or (None,):
        yield {'stamp_ns': stamp, 'frame': frame, **(_face(face) if face else {})}


def _face(face: Face) -> Row:
    box = face.detection.box
    values = (
        face.id,
        box.x,
        box.y,
        box.width,
        box.height,
        face.detection.score,
        face.age,
        face.frames,
    )
    row = dict(zip(_FACE_COLUMNS, values))
    for task, estimate in face.estimates.items():
        row.update(_estimate(task, estimate))
    return row


def _estimate(task: str, estimate: Estimate) -> Row:
    return {
        task: estimate.label,
        f'{task}_confidence': estimate.confidence,
        **dict(zip(estimate.labels, estimate.probabilities)),
    }


class Table(Protocol):
    """A file of rows."""

    def add(self, row: Row) -> None:
        """Append a row; missing columns are left empty."""

    def close(self) -> None:
        """Finish the file."""


class CsvTable:
    """A file of comma-separated values (RFC 4180) in UTF-8; numbers have up to six decimals."""

    def __init__(self, path: Path) -> None:
        """Create ``path`` and write the header.

        Raises:
            OSError: the file cannot be written.

        """
        self._stream = path.open('w', newline='', encoding='utf-8')
        self._writer = csv.DictWriter(self._stream, COLUMNS)
        self._writer.writeheader()

    def add(self, row: Row) -> None:
        """Append a row."""
        self._writer.writerow(
            {
                name: round(value, 6) if isinstance(value, float) else value
                for name, value in row.items()
            }
        )

    def close(self) -> None:
        """Finish the file."""
        self._stream.close()


class ParquetTable:
    """An Apache Parquet file."""

    def __init__(self, path: Path) -> None:
        """Create ``path``.

        Raises:
            MissingExtraError: pyarrow is not installed.
            OSError: the file cannot be written.

        """
        self._arrow, parquet = _pyarrow()
        self._schema = self._arrow.schema([(name, self._type(name)) for name in COLUMNS])
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._rows: list[Row] = []

    def _type(self, name: str) -> Any:
        if name in _INTEGERS:
            return self._arrow.int64()
        return self._arrow.string() if name in _TEXTS else self._arrow.float64()

    def add(self, row: Row) -> None:
        """Append a row."""
        self._rows.append(row)
        if len(self._rows) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def close(self) -> None:
        """Finish the file."""
        if self._rows:
            self._flush()
        self._writer.close()


def _pyarrow() -> tuple[Any, Any]:
    with needs('parquet', '--parquet'):
        import pyarrow
        import pyarrow.parquet
    return pyarrow, pyarrow.parquet


TABLES: dict[str, type[CsvTable] | type[ParquetTable]] = {'csv': CsvTable, 'parquet': ParquetTable}
