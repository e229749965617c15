# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Data sets as npz files.

They have ``encoded`` (u8, the concatenated JPEG, PNG or WebP bytes of all images) and ``offsets``
[N + 1]; image i is ``cv2.imdecode(encoded[offsets[i]:offsets[i + 1]], flag)``. The optional
``keys`` (u32 [N]) are the hashes of the original images, if these were re-encoded.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
import zipfile
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import EMOTIONS, GENDERS
from training.data.faces import DatasetError, FaceSet, usage_groups

# The 10 classes of FER+ votes in their order (Barsoum et al. 2016). FER-2013 has no contempt,
# which is mapped to disgust; the last two are "unknown" and "no face".
FERPLUS_TO_EMOTION = (
    'neutral',
    'happy',
    'surprise',
    'sad',
    'angry',
    'disgust',
    'fear',
    'disgust',
    None,
    None,
)
FERPLUS_NO_FACE = 9
# Required columns besides 'encoded' and 'offsets', by task
COLUMNS = {
    'emotion': {'labels', 'usage', 'usage_names'},
    'gender': {'gender', 'gender_names', 'race', 'race_names', 'age'},
}


def _pictures(archive: np.lib.npyio.NpzFile) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    encoded, offsets = archive['encoded'], archive['offsets']
    parts = [encoded[start:stop] for start, stop in pairwise(offsets)]
    images = [cv2.imdecode(part, cv2.IMREAD_GRAYSCALE) for part in parts]
    bad = [i for i, image in enumerate(images) if image is None]
    if bad:
        raise DatasetError(f'cannot decode {len(bad)} images, the first is number {bad[0]}')
    if len({image.shape for image in images}) != 1:
        raise DatasetError('images differ in size, but must be face crops of one size')
    if 'keys' in archive:
        return np.stack(images), archive['keys']
    keys = np.array([zlib.crc32(part.tobytes()) for part in parts], dtype=np.uint32)
    return np.stack(images), keys


def ferplus_distribution(votes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Map FER+ votes u8 [N, 10] to distributions f32 [N, 7] over EMOTIONS.

    A row without a vote for any of the seven is zero.
    """
    folded = np.zeros((len(votes), len(EMOTIONS)), dtype=np.float32)
    for column, name in enumerate(FERPLUS_TO_EMOTION):
        if name is not None:
            folded[:, EMOTIONS.index(name)] += votes[:, column]
    return folded / np.maximum(folded.sum(axis=1, keepdims=True), 1)


def _load_fer2013(archive: np.lib.npyio.NpzFile) -> FaceSet:
    images, keys = _pictures(archive)
    labels = archive['labels'].astype(np.int64)
    usage = np.array([str(archive['usage_names'][row]) for row in archive['usage']])
    groups = usage_groups(usage, keys)
    distribution = None
    if 'ferplus_votes' in archive:
        votes = archive['ferplus_votes']
        distribution = ferplus_distribution(votes)
        no_face = votes[:, FERPLUS_NO_FACE] > votes.sum(axis=1) / 2
        groups['face'] = np.where(no_face, 'no face', 'face')
        majority = np.array([FERPLUS_TO_EMOTION[i] or 'none' for i in votes.argmax(axis=1)])
        groups['ferplus'] = majority
    return FaceSet('emotion', EMOTIONS, images, labels, keys, distribution, groups)


def _load_gender(archive: np.lib.npyio.NpzFile) -> FaceSet:
    images, keys = _pictures(archive)
    names = [str(name) for name in archive['gender_names']]
    order = np.array([GENDERS.index(name) for name in names], dtype=np.int64)
    labels = order[archive['gender']]
    groups = {'race': np.array([str(archive['race_names'][r]) for r in archive['race']])}
    if 'age_names' in archive:
        groups['age'] = np.array([str(archive['age_names'][a]) for a in archive['age']])
    else:
        groups['age'] = np.where(archive['age'] >= 18, '18 and more', 'under 18')
    groups['gender'] = np.array([GENDERS[label] for label in labels])
    return FaceSet('gender', GENDERS, images, labels, keys, groups=groups)


def open_archive(path: Path) -> np.lib.npyio.NpzFile:
    """Open an npz file.

    Raises:
        FileNotFoundError: the file does not exist.
        DatasetError: it is not an npz file.

    """
    try:
        with path.open('rb') as stream:
            # numpy leaves a broken archive open.
            if stream.read(2) == b'PK' and not zipfile.is_zipfile(path):
                raise zipfile.BadZipFile('it is not a whole zip archive')
        loaded = np.load(path, allow_pickle=False)
    except (EOFError, IsADirectoryError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(f'{path} is not an npz file: {error}') from error
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise DatasetError(f'{path} is a single array, but must be an npz file')
    return loaded


def task_of_archive(path: Path) -> str | None:
    """Return the task whose columns the npz file ``path`` has; None if it has those of no task."""
    try:
        with open_archive(path) as archive:
            held = set(archive.files)
    except DatasetError:
        return None
    return next((task for task, columns in COLUMNS.items() if columns <= held), None)


def load_archive(path: Path) -> FaceSet:
    """Read a FER-2013, FairFace or UTKFace npz.

    Raises:
        FileNotFoundError: the file does not exist.
        DatasetError: columns are missing, or an image cannot be decoded.

    """
    with open_archive(path) as archive:
        held = set(archive.files)
        if not {'encoded', 'offsets'} <= held:
            raise DatasetError(
                f"{path}: columns are {sorted(held)}, but must include 'encoded' and 'offsets'"
            )
        if held >= COLUMNS['emotion']:
            return _load_fer2013(archive)
        if held >= COLUMNS['gender']:
            return _load_gender(archive)
    raise DatasetError(
        f'{path}: columns are {sorted(held)}, but must include those of emotion (labels, usage) '
        'or of gender (gender, race, age)'
    )
