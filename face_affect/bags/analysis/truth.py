# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read ground truth, faces labelled in a CSV file; docs/evaluation.md specifies the format."""

from __future__ import annotations

from collections.abc import Mapping
import csv
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
import io
import math
from pathlib import Path

from face_affect.core.faces import Box
from face_affect.core.parameters import nearest
from face_affect.core.regular_files import read_regular_file
from face_affect.core.stamps import SECOND
from face_affect.core.tasks import TASKS
from face_affect.core.text import printable

BOX = ('x', 'y', 'width', 'height')
REQUIRED = ('stamp', *BOX)
OPTIONAL = (*(task.name for task in TASKS), 'person', 'ignore')
# Integers of at least this many digits are nanoseconds: as seconds, they exceed 3 million years.
NANOSECOND_DIGITS = 15
MAX_STAMP = Decimal(2**63)  # int64 nanoseconds


class TruthError(ValueError):
    """A truth file is invalid; the message says which line, why, and what is expected."""


@dataclass(frozen=True)
class LabelledFace:
    """A labelled face.

    ``box``: pixels; ``labels``: by task name, only those given; ``person``: a name for one visit
    of one person, '' if not given; ``ignore``: the face counts neither as missed nor as a false
    detection.
    """

    box: Box
    labels: Mapping[str, str] = field(default_factory=dict)
    person: str = ''
    ignore: bool = False


def read_truth(path: Path) -> dict[int, list[LabelledFace]]:
    """Return the labelled faces by the stamp of their image, nanoseconds, in order of it.

    An image labelled as empty has no faces.

    Raises:
        TruthError: the file cannot be read, or is not a table of labelled faces.

    """
    images: dict[int, list[LabelledFace]] = {}
    try:
        text = io.StringIO(read_regular_file(path).decode('utf-8-sig'), newline='')
        reader = csv.DictReader(text, strict=True)
        _check_header(path, reader.fieldnames or ())
        for row in reader:
            try:
                _add(images, row)
            except TruthError as error:
                raise TruthError(f'{path}, line {reader.line_num}: {error}') from error
    except OSError as error:
        raise TruthError(
            f'cannot read {path}: {error.strerror}; expected a CSV file of labelled faces'
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise TruthError(f'{path} is not a CSV file in UTF-8: {error}') from error
    if not images:
        raise TruthError(f'{path} has no rows; expected one for each labelled face')
    return dict(sorted(images.items()))


def _check_header(path: Path, names: object) -> None:
    columns = [printable(str(name), 40) for name in names] if isinstance(names, list) else []
    missing = [name for name in REQUIRED if name not in columns]
    unknown = [name for name in columns if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        problem = (
            f'lacks the columns {", ".join(missing)}'
            if missing
            else f'has unknown columns {", ".join(unknown)}'
        )
        raise TruthError(
            f'{path} {problem}; expected a header, separated by commas, of {",".join(REQUIRED)} '
            f'and optionally {",".join(OPTIONAL)}'
        )


def _add(images: dict[int, list[LabelledFace]], row: Mapping[str | None, object]) -> None:
    if None in row or None in row.values():
        raise TruthError('the row has more or fewer cells than the header')
    cells = {str(name): str(value).strip() for name, value in row.items()}
    faces = images.setdefault(_stamp(cells['stamp']), [])
    if not any(cells[name] for name in BOX):
        if any(cells.get(name) for name in OPTIONAL):
            raise TruthError('the row has labels, but no box')
        return
    x, y, width, height = (_number(name, cells[name]) for name in BOX)
    if width <= 0 or height <= 0:
        raise TruthError(
            f'the box is {width:g}x{height:g} pixels, but width and height must be positive'
        )
    ignore = cells.get('ignore', '')
    if ignore not in ('', '0', '1'):
        raise TruthError(f'ignore is {printable(ignore, 40)!r}, but must be 1, 0 or empty')
    labels = {
        task.name: _label(task.name, task.labels, cells[task.name])
        for task in TASKS
        if cells.get(task.name)
    }
    faces.append(
        LabelledFace(
            Box(x, y, width, height),
            labels,
            printable(cells.get('person', ''), 100),
            ignore == '1',
        )
    )


def _stamp(text: str) -> int:
    """Return a stamp in nanoseconds; decimal, since a float lacks the precision."""
    try:
        value = Decimal(text)
        if not value.is_finite() or abs(value) > MAX_STAMP:
            raise InvalidOperation
    except InvalidOperation:
        raise TruthError(
            f'stamp is {printable(text, 40)!r}, but must be seconds such as 1735689601.733333 or '
            'whole nanoseconds'
        ) from None
    if text.lstrip('-').isdecimal() and len(text) >= NANOSECOND_DIGITS:
        return int(value)
    return round(value * SECOND)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TruthError(f'{name} is {printable(text, 40)!r}, but must be a number of pixels')
    return value


def _label(task: str, labels: tuple[str, ...], text: str) -> str:
    if text not in labels:
        close = nearest(text.lower(), labels)
        raise TruthError(
            f'{task} is {printable(text, 40)!r}'
            + (f' (did you mean {close}?)' if close else '')
            + f', but must be one of {", ".join(labels)}, or empty if unknown'
        )
    return text
