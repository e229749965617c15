# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Pack picture sets small, to send them to a machine with a GPU.

    python -m training.gpu.pack --data DATA --out PACKED

The files keep their names and form. Test rows are left out, of the held-out tenth some
pictures remain to watch a run, and lossless pictures become WebP with losses. Every picture
keeps its hash, so that the split is that of the whole set.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
import sys
from typing import Any
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from support.command_line import module_parser
from training.data.archives import open_archive
from training.data.faces import DatasetError

PICTURES = 'fer2013_training_publictest.npz', 'fairface_gray80_train.npz', 'face_scenes.npz'
HELD_OUT = 1500  # pictures that remain of the held-out tenth, to watch a run
PNG, LOSSLESS_WEBP = b'\x89PNG', b'VP8L'


def packed(archive: np.lib.npyio.NpzFile, held_out: int, quality: int) -> dict[str, Any]:
    """Return the columns of a smaller archive.

    ``held_out``: how many pictures remain of the held-out tenth; ``quality`` 0..100 of WebP.
    """
    encoded, offsets = archive['encoded'], archive['offsets']
    parts = [encoded[start:stop] for start, stop in pairwise(offsets)]
    keys = np.array([zlib.crc32(part.tobytes()) for part in parts], dtype=np.uint32)
    rows = _wanted(archive, keys, held_out)
    kept = [_smaller(parts[row], quality) for row in tqdm(rows, 'pictures', disable=None)]
    columns = {}
    for name in set(archive.files) - {'encoded', 'offsets'}:
        values = archive[name]  # Each access reads it from the file
        columns[name] = values[rows] if len(values) == len(parts) else values
    return {
        **columns,
        **_faces_of(archive, rows),
        'keys': keys[rows],
        'encoded': np.concatenate(kept),
        'offsets': np.cumsum([0, *map(len, kept)]),
    }


def _wanted(
    archive: np.lib.npyio.NpzFile, keys: NDArray[np.uint32], held_out: int
) -> NDArray[np.intp]:
    """Return the rows that are trained on and some that are held out, in their order."""
    usable = np.ones(len(keys), dtype=bool)
    if 'usage' in archive:
        usable = archive['usage_names'][archive['usage']] == 'Training'
    watched = np.flatnonzero(usable & (keys % 10 == 0))
    watched = np.random.default_rng(0).permutation(watched)[:held_out]
    return np.sort(np.concatenate([np.flatnonzero(usable & (keys % 10 != 0)), watched]))


def _faces_of(archive: np.lib.npyio.NpzFile, rows: NDArray[np.intp]) -> dict[str, Any]:
    """Return the columns of the faces in scenes ``rows``, if these are scenes."""
    if 'box_offsets' not in archive:
        return {}
    starts, stops = archive['box_offsets'][:-1][rows], archive['box_offsets'][1:][rows]
    faces = np.concatenate([np.arange(*span) for span in zip(starts, stops)])
    columns = ('boxes', 'landmarks', 'ignore')
    return {
        **{name: archive[name][faces] for name in columns},
        'box_offsets': np.cumsum([0, *(stops - starts)]),
    }


def _smaller(part: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return an encoded picture as WebP with losses, if it is lossless."""
    if part[:4].tobytes() != PNG and part[12:16].tobytes() != LOSSLESS_WEBP:
        return part
    image = cv2.imdecode(part, cv2.IMREAD_UNCHANGED)
    _, encoded = cv2.imencode('.webp', image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(encoded.ravel(), dtype=np.uint8)


def main() -> int:
    """Run the command line."""
    parser = module_parser('training.gpu.pack', __doc__)
    parser.add_argument('files', nargs='*', default=PICTURES, help='(default: %(default)s)')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument('--out', type=Path, required=True, help='where the packed files go')
    parser.add_argument('--held-out', type=int, default=HELD_OUT, help='(default: %(default)s)')
    parser.add_argument('--quality', type=int, default=90, help='of WebP (default: %(default)s)')
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        for name in arguments.files:
            with open_archive(arguments.data / name) as archive:
                columns = packed(archive, arguments.held_out, arguments.quality)
            np.savez(arguments.out / name, **columns)
            size = (arguments.out / name).stat().st_size / 2**20
            print(f'{arguments.out / name}: {len(columns["keys"])} pictures, {size:.1f} MiB')
    except (DatasetError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
