# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Reduce the file size of data sets for transfer to a machine with a GPU.

    python -m training.gpu.pack --data DATA --out PACKED

Names and format of the files stay the same. Test rows are removed, the held-out tenth is reduced
to a sample for validation, and lossless images are re-encoded as lossy WebP. Images keep their
keys, so that the split is that of the whole set.
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
HELD_OUT = 1500  # images of the held-out tenth that are kept for validation
PNG, LOSSLESS_WEBP = b'\x89PNG', b'VP8L'


def packed(archive: np.lib.npyio.NpzFile, held_out: int, quality: int) -> dict[str, Any]:
    """Return the columns of the reduced archive.

    ``held_out``: number of images of the held-out tenth; ``quality`` 0..100 of WebP.
    """
    encoded, offsets = archive['encoded'], archive['offsets']
    parts = [encoded[start:stop] for start, stop in pairwise(offsets)]
    keys = np.array([zlib.crc32(part.tobytes()) for part in parts], dtype=np.uint32)
    rows = _wanted(archive, keys, held_out)
    kept = [_smaller(parts[row], quality) for row in tqdm(rows, 'pictures', disable=None)]
    columns = {}
    for name in set(archive.files) - {'encoded', 'offsets'}:
        values = archive[name]  # Each access reads the file.
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
    """Return the training rows and a sample of the held-out ones, in ascending order."""
    usable = np.ones(len(keys), dtype=bool)
    if 'usage' in archive:
        usable = archive['usage_names'][archive['usage']] == 'Training'
    watched = np.flatnonzero(usable & (keys % 10 == 0))
    watched = np.random.default_rng(0).permutation(watched)[:held_out]
    return np.sort(np.concatenate([np.flatnonzero(usable & (keys % 10 != 0)), watched]))


def _faces_of(archive: np.lib.npyio.NpzFile, rows: NDArray[np.intp]) -> dict[str, Any]:
    """Return the columns of the faces in scenes ``rows``; {} for other data sets."""
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
    """Re-encode a lossless image as lossy WebP; return others unchanged."""
    if part[:4].tobytes() != PNG and part[12:16].tobytes() != LOSSLESS_WEBP:
        return part
    image = cv2.imdecode(part, cv2.IMREAD_UNCHANGED)
    _, encoded = cv2.imencode('.webp', image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(encoded.ravel(), dtype=np.uint8)


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.gpu.pack', __doc__)
    parser.add_argument(
        'files', nargs='*', default=PICTURES, help='names of the npz files (default: %(default)s)'
    )
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument('--out', type=Path, required=True, help='the folder for the packed files')
    parser.add_argument(
        '--held-out',
        type=int,
        default=HELD_OUT,
        help='number of held-out images to keep (default: %(default)s)',
    )
    parser.add_argument(
        '--quality', type=int, default=90, help='quality of WebP, 0 to 100 (default: %(default)s)'
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        for name in arguments.files:
            with open_archive(arguments.data / name) as archive:
                columns = packed(archive, arguments.held_out, arguments.quality)
            np.savez(arguments.out / name, **columns)
            size = (arguments.out / name).stat().st_size / 2**20
            print(f'{arguments.out / name}: {len(columns["keys"])} images, {size:.1f} MiB')
    except (DatasetError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
