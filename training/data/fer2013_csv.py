# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""FER-2013 as it was published: fer2013.csv, pictures as strings of pixels."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from pathlib import Path
import zlib

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import EMOTIONS
from training.data.faces import DatasetError, FaceSet, usage_groups

COLUMNS = ('emotion', 'pixels', 'Usage')
USAGES = ('Training', 'PublicTest', 'PrivateTest')
SIDE = 48  # pixels
# Looked up, which is faster than int(): there are 80 million of them.
LEVELS = {str(level): level for level in range(256)}


def load_fer2013_csv(path: Path) -> FaceSet:
    """Read ``path``, with the columns ``emotion`` 0..6, ``pixels`` and ``Usage``.

    The hash of a picture is that of its pixels.

    Raises:
        FileNotFoundError: there is no such file.
        DatasetError: it has another form; the message names the line.

    """
    labels, images, usage = [], [], []
    try:
        with path.open(newline='', encoding='utf-8') as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise DatasetError(f'{path}: no column {missing[0]!r}, but {rows.fieldnames}')
            for row in rows:
                where = f'{path}, line {rows.line_num}'
                labels.append(
                    _choice(
                        row['emotion'], [str(i) for i in range(len(EMOTIONS))], f'{where}: emotion'
                    )
                )
                usage.append(USAGES[_choice(row['Usage'], USAGES, f'{where}: Usage')])
                images.append(_picture(row['pixels'] or '', where))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f'{path} is not a CSV file: {error}') from error
    if not images:
        raise DatasetError(f'{path}: no picture in it')
    keys = np.array([zlib.crc32(image.tobytes()) for image in images], dtype=np.uint32)
    return FaceSet(
        'emotion',
        EMOTIONS,
        np.stack(images),
        np.array(labels, dtype=np.int64),
        keys,
        groups=usage_groups(np.array(usage), keys),
    )


def _choice(value: str | None, choices: Sequence[str], what: str) -> int:
    """Return the place of ``value`` in ``choices``."""
    if value not in choices:
        raise DatasetError(f'{what} is {value!r}, none of {", ".join(choices)}')
    return choices.index(value)


def _picture(text: str, where: str) -> NDArray[np.uint8]:
    """Return pixels written as text as u8 [SIDE, SIDE]."""
    try:
        pixels = bytes(map(LEVELS.__getitem__, text.split()))
    except KeyError as error:
        raise DatasetError(f'{where}: pixel {error} is not a number from 0 to 255') from error
    if len(pixels) != SIDE * SIDE:
        raise DatasetError(f'{where}: there are {len(pixels)} pixels, not {SIDE * SIDE}')
    return np.frombuffer(pixels, dtype=np.uint8).reshape(SIDE, SIDE)
