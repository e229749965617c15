# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Loading of face data sets of all formats: npz, FER-2013's CSV, class folders."""

from __future__ import annotations

from pathlib import Path

from training.data.archives import load_archive, task_of_archive
from training.data.class_folders import load_class_folders, task_of_folder
from training.data.faces import FaceSet
from training.data.fer2013_csv import load_fer2013_csv


def load_faces(path: Path) -> FaceSet:
    """Read a folder of class folders, a fer2013.csv, or a FER-2013, FairFace or UTKFace npz.

    Raises:
        FileNotFoundError: the file or folder does not exist.
        DatasetError: it has another format; the message has the difference.

    """
    if path.is_dir():
        return load_class_folders(path)
    if path.suffix.lower() == '.csv':
        return load_fer2013_csv(path)
    return load_archive(path)


def task_of(path: Path) -> str | None:
    """Return the task of a data set without loading it; None if it is not of face crops.

    Raises:
        FileNotFoundError: the file or folder does not exist.

    """
    if path.is_dir():
        return task_of_folder(path)
    if path.suffix.lower() == '.csv':
        return 'emotion'
    return task_of_archive(path)
