# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""FER-2013 in its published format: fer2013.csv with images as strings of pixels."""

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
# A lookup is faster than int(), and there are 80 million pixels.
LEVELS = {str(level): level for level in range(256)}


def load_fer2013_csv(path: Path) -> FaceSet:
    """Read ``path``, with the columns ``emotion`` 0..6, ``pixels`` and ``Usage``.

    The key of an image is the hash of its pixels.

    Raises:
        FileNotFoundError: the file does not exist.
        DatasetError: it has another format; the message names the line.

    """
    labels, images, usage = [], [], []
    try:
        with path.open(newline='', encoding='utf-8') as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise DatasetError(
                    f'{path}: columns are {rows.fieldnames}, but must include {missing[0]!r}'
                )
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
        raise DatasetError(f'{path} has no rows; expected one per image')
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
    """Return the index of ``value`` in ``choices``."""
    if value not in choices:
        raise DatasetError(f'{what} is {value!r}, but must be one of {", ".join(choices)}')
    return choices.index(value)


def _picture(text: str, where: str) -> NDArray[np.uint8]:
    """Parse an image u8 [SIDE, SIDE] from its pixel values in decimal."""
    try:
        pixels = bytes(map(LEVELS.__getitem__, text.split()))
    except KeyError as error:
        raise DatasetError(f'{where}: pixel is {error}, but must be from 0 to 255') from error
    if len(pixels) != SIDE * SIDE:
        raise DatasetError(f'{where}: image has {len(pixels)} pixels, but must have {SIDE * SIDE}')
    return np.frombuffer(pixels, dtype=np.uint8).reshape(SIDE, SIDE)
