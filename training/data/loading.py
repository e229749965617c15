# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face picture sets of all forms: npz, FER-2013's CSV, a folder of class folders."""

from __future__ import annotations

from pathlib import Path

from training.data.archives import load_archive, task_of_archive
from training.data.class_folders import load_class_folders, task_of_folder
from training.data.faces import FaceSet
from training.data.fer2013_csv import load_fer2013_csv


def load_faces(path: Path) -> FaceSet:
    """Read a folder of class folders, a fer2013.csv, or a FER-2013, FairFace or UTKFace npz.

    Raises:
        FileNotFoundError: there is no such file or folder.
        DatasetError: it has another form; the message says what is wrong.

    """
    if path.is_dir():
        return load_class_folders(path)
    if path.suffix.lower() == '.csv':
        return load_fer2013_csv(path)
    return load_archive(path)


def task_of(path: Path) -> str | None:
    """Return which task a picture set is for, without reading it; None if not of faces.

    Raises:
        FileNotFoundError: there is no such file or folder.

    """
    if path.is_dir():
        return task_of_folder(path)
    if path.suffix.lower() == '.csv':
        return 'emotion'
    return task_of_archive(path)
