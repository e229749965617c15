# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face crops in memory with labels, soft targets and groups, and their splits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray


class DatasetError(ValueError):
    """A data set cannot be used; the message names the file or the reason."""


@dataclass(frozen=True)
class FaceSet:
    """Gray face crops of one size and their annotations.

    ``images`` u8 [N, H, W]; ``labels`` int64 [N], index into ``label_names``; ``keys`` u32 [N],
    hash of each image; ``votes`` f32 [N, C], distribution of the FER+ votes, zero without a vote
    for any label, None for a set without votes; ``groups`` name -> str [N] (race, age, ...).
    """

    task: str
    label_names: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    keys: NDArray[np.uint32]
    votes: NDArray[np.float32] | None = None
    groups: dict[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def subset(self, rows: NDArray[np.bool_]) -> FaceSet:
        """Return the images where ``rows`` (bool [N]) is true."""
        return replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            keys=self.keys[rows],
            votes=None if self.votes is None else self.votes[rows],
            groups={name: values[rows] for name, values in self.groups.items()},
        )

    def targets(self, votes: float) -> NDArray[np.float32]:
        """Return the training targets f32 [N, C]: labels mixed with votes.

        ``votes`` 0..1 is the weight of the votes. A row without votes is the label alone, or zero
        if ``votes`` is 1.

        Raises:
            DatasetError: the data have no votes.

        """
        labels = one_hot(self.labels, len(self.label_names))
        if votes == 0:
            return labels
        if self.votes is None:
            raise DatasetError('there are no FER+ votes in the data')
        if votes == 1:
            return self.votes
        voted = self.votes.sum(axis=1, keepdims=True) > 0
        mixed = labels + np.float32(votes) * (self.votes - labels)
        return np.where(voted, mixed, labels).astype(np.float32)

    @property
    def has_majority(self) -> NDArray[np.bool_]:
        """Whether the FER+ majority is one of the labels, bool [N]."""
        none = np.full(len(self), 'none')
        return np.asarray(self.groups.get('ferplus', none) != 'none', dtype=bool)

    def by_majority(self) -> FaceSet:
        """Return the images whose FER+ majority is one of the labels, labelled by it."""
        named = self.subset(self.has_majority)
        labels = [self.label_names.index(name) for name in named.groups.get('ferplus', ())]
        return replace(named, labels=np.array(labels, dtype=np.int64))

    def sample(self, count: int) -> FaceSet:
        """Return ``count`` random images with a fixed seed, or all if there are fewer."""
        rows = np.zeros(len(self), dtype=bool)
        rows[np.random.default_rng(0).permutation(len(self))[:count]] = True
        return self.subset(rows)

    def split(self, validation: bool) -> FaceSet:
        """Return the held-out tenth, or the rest.

        The split is by the hash of an image, so that duplicates are in the same part and the
        split is the same in every program.
        """
        return self.subset((self.keys % 10 == 0) == validation)


def one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return the one-hot encoding f32 [N, classes] of ``labels`` int64 [N]."""
    return np.eye(classes, dtype=np.float32)[labels]


def usage_groups(usage: NDArray[np.str_], keys: NDArray[np.uint32]) -> dict[str, NDArray[np.str_]]:
    """Return FER-2013's groups: ``usage`` [N], and duplicates of training images in test rows."""
    training = keys[usage == 'Training']
    copied = np.isin(keys, training) & (usage != 'Training')
    return {'usage': usage, 'copy': np.where(copied, 'copy of a training picture', 'original')}


def resized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize u8 [N, H, W] to u8 [N, size, size]."""
    return np.stack(
        [cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR) for image in images]
    )


def training_part(faces: FaceSet) -> FaceSet:
    """Return the training images: no test rows, no held-out tenth, no non-faces."""
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
