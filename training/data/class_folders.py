# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Data sets as a folder with one subfolder of images per class, named like the class."""

from __future__ import annotations

from pathlib import Path
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.tasks import TASKS
from training.data.faces import DatasetError, FaceSet

LABELS = {task.name: task.labels for task in TASKS}
SUFFIXES = ('.png', '.jpg', '.jpeg')
LARGEST_SIDE = 96  # pixels; no classifier has a larger input


def load_class_folders(folder: Path) -> FaceSet:
    """Read ``folder``/LABEL/*.png and *.jpg, whose labels are emotions or genders.

    All images are resized to one square: the median of their shorter sides, at most LARGEST_SIDE.
    The key of an image is the hash of its file's bytes.

    Raises:
        DatasetError: a subfolder is not named like a class, a subfolder has no images, or a file
            cannot be decoded; the message names it.

    """
    names, task = _folders(folder), task_of_folder(folder)
    if not names:
        raise DatasetError(f'{folder} has no subfolder; expected one per class')
    if task is None:
        known = ' or of '.join(', '.join(labels) for labels in LABELS.values())
        raise DatasetError(
            f'{folder}: subfolders are {", ".join(names)}, but must be names of {known}'
        )
    images, labels, keys = [], [], []
    for name in names:
        files = [
            file for file in sorted((folder / name).iterdir()) if file.suffix.lower() in SUFFIXES
        ]
        if not files:
            raise DatasetError(f'{folder / name} has no image; expected {", ".join(SUFFIXES)}')
        for file in files:
            content = file.read_bytes()
            images.append(_picture(content, file))
            labels.append(LABELS[task].index(name))
            keys.append(zlib.crc32(content))
    side = min(LARGEST_SIDE, int(np.median([min(image.shape) for image in images])))
    rows = np.array(labels, dtype=np.int64)
    return FaceSet(
        task,
        LABELS[task],
        np.stack([_square(image, side) for image in images]),
        rows,
        np.array(keys, dtype=np.uint32),
    )


def task_of_folder(folder: Path) -> str | None:
    """Return the task whose classes the subfolders are named like; None without one."""
    names = set(_folders(folder))
    return next((task for task, labels in LABELS.items() if names and names <= set(labels)), None)


def _folders(folder: Path) -> list[str]:
    return sorted(
        part.name for part in folder.iterdir() if part.is_dir() and not part.name.startswith('.')
    )


def _picture(content: bytes, file: Path) -> NDArray[np.uint8]:
    """Decode the bytes of ``file`` as gray."""
    image = (
        cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
        if content
        else None
    )
    if image is None:
        raise DatasetError(f'cannot decode {file}; expected a PNG or JPEG image')
    return np.asarray(image, dtype=np.uint8)


def _square(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return ``image`` resized to [side, side]."""
    method = cv2.INTER_AREA if min(image.shape) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=method), dtype=np.uint8)
