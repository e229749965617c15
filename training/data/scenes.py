# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Pictures of scenes with the faces in them.

The npz form: pictures as in ``training.data.loading``; ``boxes`` [M, 4] (x, y, width,
height), ``landmarks`` [M, 10] and ``ignore`` [M] of all faces, those of picture i at
``box_offsets[i]`` to ``box_offsets[i + 1]``; ``source`` per picture, ``source_names``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.archives import open_archive
from training.data.faces import DatasetError

COLUMNS = ('encoded', 'offsets', 'boxes', 'landmarks', 'ignore', 'box_offsets')


@dataclass(frozen=True)
class Scene:
    """One picture and its faces.

    ``image`` u8 [H, W, 3] BGR; ``boxes`` f32 [F, 4] x, y, width, height in pixels;
    ``points`` f32 [F, 5, 2]: right eye, left eye, nose, right and left corner of the
    mouth; ``ignore`` bool [F]: neither face nor background.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    ignore: NDArray[np.bool_]
    source: str = ''


@dataclass(frozen=True)
class SceneSet:
    """Scenes in memory; ``keys`` u32 [N] hashes each picture's encoded bytes."""

    scenes: Sequence[Scene]
    keys: NDArray[np.uint32]

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self.scenes)

    def split(self, validation: bool) -> SceneSet:
        """Return the held-out tenth, or the rest; see ``FaceSet.split``."""
        rows = np.flatnonzero((self.keys % 10 == 0) == validation)
        return SceneSet([self.scenes[int(row)] for row in rows], self.keys[rows])


def load_scenes(path: Path) -> SceneSet:
    """Read an npz of scenes.

    Raises:
        FileNotFoundError: there is no such file.
        DatasetError: the file has another form; the message says what is missing.

    """
    with open_archive(path) as archive:
        missing = [name for name in COLUMNS if name not in archive.files]
        if missing:
            raise DatasetError(f'{path}: no picture set of scenes, {missing[0]!r} is missing')
        encoded = archive['encoded']
        parts = [encoded[start:stop] for start, stop in pairwise(archive['offsets'])]
        boxes = archive['boxes'].astype(np.float32)
        points = archive['landmarks'].astype(np.float32).reshape(-1, 5, 2)
        ignore = archive['ignore'].astype(bool)
        sources = [''] * len(parts)
        if {'source', 'source_names'} <= set(archive.files):
            sources = [str(archive['source_names'][row]) for row in archive['source']]
        scenes: list[Scene] = []
        for part, (start, stop), source in zip(parts, pairwise(archive['box_offsets']), sources):
            image = cv2.imdecode(part, cv2.IMREAD_COLOR)
            if image is None:
                raise DatasetError(f'{path}: picture {len(scenes)} does not decode')
            scenes.append(
                Scene(image, boxes[start:stop], points[start:stop], ignore[start:stop], source)
            )
    keys = np.array([zlib.crc32(part.tobytes()) for part in parts], dtype=np.uint32)
    return SceneSet(scenes, keys)


def save_scenes(path: Path, rows: Iterable[tuple[NDArray[np.uint8], Scene]]) -> None:
    """Write an npz of pictures' encoded bytes u8 [B], and the scenes' data of each."""
    parts, scenes = zip(*rows)
    names = sorted({scene.source for scene in scenes})
    np.savez(
        path,
        encoded=np.concatenate(parts),
        offsets=np.cumsum([0, *map(len, parts)]),
        boxes=np.concatenate([scene.boxes for scene in scenes]),
        landmarks=np.concatenate([scene.points for scene in scenes]).reshape(-1, 10),
        ignore=np.concatenate([scene.ignore for scene in scenes]),
        box_offsets=np.cumsum([0, *(len(scene.boxes) for scene in scenes)]),
        source=np.array([names.index(scene.source) for scene in scenes], dtype=np.int16),
        source_names=np.array(names),
    )
