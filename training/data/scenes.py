# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Scenes: images with the faces in them.

In the npz format, images are stored as in ``training.data.archives``; ``boxes`` [M, 4] (x, y,
width, height), ``landmarks`` [M, 10] and ``ignore`` [M] are those of all faces, those of image i
from ``box_offsets[i]`` to ``box_offsets[i + 1]``; ``source`` of each image is an index into
``source_names``.
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
    """An image and its faces.

    ``image`` u8 [H, W, 3] BGR; ``boxes`` f32 [F, 4] x, y, width, height in pixels; ``points``
    f32 [F, 5, 2]: right eye, left eye, nose, right and left corner of the mouth; ``ignore`` bool
    [F]: ignore mask, neither face nor background; ``source`` name of the original data set.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    ignore: NDArray[np.bool_]
    source: str = ''


@dataclass(frozen=True)
class SceneSet:
    """Scenes in memory; ``keys`` u32 [N] are the hashes of the images' encoded bytes."""

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
        FileNotFoundError: the file does not exist.
        DatasetError: a column is missing, or an image cannot be decoded.

    """
    with open_archive(path) as archive:
        missing = [name for name in COLUMNS if name not in archive.files]
        if missing:
            raise DatasetError(f'{path} is not a set of scenes: column {missing[0]!r} is missing')
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
                raise DatasetError(f'{path}: cannot decode image {len(scenes)}')
            scenes.append(
                Scene(image, boxes[start:stop], points[start:stop], ignore[start:stop], source)
            )
    keys = np.array([zlib.crc32(part.tobytes()) for part in parts], dtype=np.uint32)
    return SceneSet(scenes, keys)


def save_scenes(path: Path, rows: Iterable[tuple[NDArray[np.uint8], Scene]]) -> None:
    """Write scenes, each with the encoded bytes u8 [B] of its image, as npz."""
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
