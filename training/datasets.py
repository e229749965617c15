# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face picture sets in memory, with labels, soft targets and groups.

The npz form: ``encoded`` (u8, the JPEG, PNG or WebP bytes of all pictures end
to end) and ``offsets`` [N + 1]; picture i is
``cv2.imdecode(encoded[offsets[i]:offsets[i + 1]], flag)``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
import zipfile
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import EMOTIONS, GENDERS

# FER+ votes count 10 classes in this order (Barsoum et al. 2016). Contempt, which
# FER-2013 does not know, counts as disgust; the last two say that no face emotion
# could be named.
FERPLUS_TO_EMOTION = (
    'neutral', 'happy', 'surprise', 'sad', 'angry', 'disgust', 'fear', 'disgust', None, None)
FERPLUS_NO_FACE = 9


class DatasetError(ValueError):
    """The file is no picture set of a known form."""


@dataclass(frozen=True)
class FaceSet:
    """Gray face crops of one size and what is known of them.

    ``images`` u8 [N, H, W]; ``labels`` int64 [N], index into ``label_names``;
    ``targets`` f32 [N, C], rows sum to 1; ``keys`` u32 [N], a hash of each
    picture's encoded bytes; ``groups`` name -> str [N] (race, age, ...).
    """

    task: str
    label_names: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    targets: NDArray[np.float32]
    keys: NDArray[np.uint32]
    groups: dict[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.images)

    def subset(self, rows: NDArray[np.bool_]) -> FaceSet:
        """Return the pictures where ``rows`` (bool [N]) is true."""
        return replace(
            self, images=self.images[rows], labels=self.labels[rows],
            targets=self.targets[rows], keys=self.keys[rows],
            groups={name: values[rows] for name, values in self.groups.items()})

    def split(self, validation: bool) -> FaceSet:
        """Return the held-out tenth, or the rest.

        The hash of a picture's bytes decides, so that copies of one picture
        never stand on both sides and every program makes the same split.
        """
        return self.subset((self.keys % 10 == 0) == validation)


def _pictures(archive: np.lib.npyio.NpzFile) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    encoded, offsets = archive['encoded'], archive['offsets']
    parts = [encoded[start:stop] for start, stop in pairwise(offsets)]
    images = [cv2.imdecode(part, cv2.IMREAD_GRAYSCALE) for part in parts]
    bad = [i for i, image in enumerate(images) if image is None]
    if bad:
        raise DatasetError(f'{len(bad)} pictures do not decode, the first is number {bad[0]}')
    if len({image.shape for image in images}) != 1:
        raise DatasetError('the pictures differ in size; face crops of one size are needed')
    keys = np.array([zlib.crc32(part.tobytes()) for part in parts], dtype=np.uint32)
    return np.stack(images), keys


def _one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    return np.eye(classes, dtype=np.float32)[labels]


def ferplus_distribution(votes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Fold FER+ votes [N, 10] to distributions over EMOTIONS [N, 7].

    A row without a vote for any of the seven is all zeros.
    """
    folded = np.zeros((len(votes), len(EMOTIONS)), dtype=np.float32)
    for column, name in enumerate(FERPLUS_TO_EMOTION):
        if name is not None:
            folded[:, EMOTIONS.index(name)] += votes[:, column]
    return folded / np.maximum(folded.sum(axis=1, keepdims=True), 1)


def _load_fer2013(archive: np.lib.npyio.NpzFile, ferplus_weight: float) -> FaceSet:
    images, keys = _pictures(archive)
    labels = archive['labels'].astype(np.int64)
    groups = {'usage': np.array([str(archive['usage_names'][u]) for u in archive['usage']])}
    targets = _one_hot(labels, len(EMOTIONS))
    if 'ferplus_votes' in archive:
        votes = archive['ferplus_votes']
        soft = ferplus_distribution(votes)
        voted = soft.sum(axis=1) > 0
        targets[voted] += ferplus_weight * (soft[voted] - targets[voted])
        no_face = votes[:, FERPLUS_NO_FACE] > votes.sum(axis=1) / 2
        groups['face'] = np.where(no_face, 'no face', 'face')
        majority = np.array([FERPLUS_TO_EMOTION[i] or 'none' for i in votes.argmax(axis=1)])
        groups['ferplus'] = majority
    training = keys[groups['usage'] == 'Training']
    copied = np.isin(keys, training) & (groups['usage'] != 'Training')
    groups['copy'] = np.where(copied, 'copy of a training picture', 'original')
    return FaceSet('emotion', EMOTIONS, images, labels, targets, keys, groups)


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
    return FaceSet('gender', GENDERS, images, labels, _one_hot(labels, len(GENDERS)), keys, groups)


def open_archive(path: Path) -> np.lib.npyio.NpzFile:
    """Open an npz file.

    Raises:
        FileNotFoundError: there is no such file.
        DatasetError: it is something else.

    """
    try:
        loaded = np.load(path, allow_pickle=False)
    except (EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(f'{path} is no npz file') from error
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise DatasetError(f'{path} is no npz file, but a single array')
    return loaded


def load_faces(path: Path, ferplus_weight: float = 0.0) -> FaceSet:
    """Read a FER-2013, FairFace or UTKFace npz.

    ``ferplus_weight`` 0..1: how much of an emotion's target comes from the FER+
    votes, where there are any; the rest is the original label.

    Raises:
        FileNotFoundError: there is no such file.
        DatasetError: the file has another form; the message says what is missing.

    """
    with open_archive(path) as archive:
        held = set(archive.files)
        if not {'encoded', 'offsets'} <= held:
            raise DatasetError(f"{path}: no 'encoded' and 'offsets' in it, but {sorted(held)}")
        if {'labels', 'usage', 'usage_names'} <= held:
            return _load_fer2013(archive, ferplus_weight)
        if {'gender', 'gender_names', 'race', 'race_names', 'age'} <= held:
            return _load_gender(archive)
    raise DatasetError(
        f'{path}: neither emotion (labels, usage) nor gender (gender, race, age) '
        f'columns, but {sorted(held)}')


def resized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize u8 [N, H, W] to u8 [N, size, size], unchanged otherwise."""
    return np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
                     for image in images])


def training_part(faces: FaceSet) -> FaceSet:
    """Return what may be trained on: no test rows, none of the validation tenth, no non-faces."""
    usable = np.ones(len(faces), dtype=bool)
    if 'usage' in faces.groups:
        usable &= faces.groups['usage'] == 'Training'
    if 'face' in faces.groups:
        usable &= faces.groups['face'] == 'face'
    return faces.subset(usable).split(validation=False)


def validation_part(faces: FaceSet) -> FaceSet:
    """Return the held-out tenth of the training rows."""
    if 'usage' in faces.groups:
        faces = faces.subset(faces.groups['usage'] == 'Training')
    return faces.split(validation=True)
