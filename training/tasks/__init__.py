# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Data, network, loss, calibration set and metrics of each task."""

from __future__ import annotations

from pathlib import Path

from face_affect.core.models import DETECTION
from training.recipe import Recipe
from training.tasks.classification import Classification
from training.tasks.face_detection import FaceDetection
from training.tasks.task import Task


def load_task(recipe: Recipe, data: Path) -> Task:
    """Return the task of ``recipe`` with its data from folder ``data``.

    Raises:
        FileNotFoundError: the data file is missing.
        DatasetError: the data have an unsupported format.
        RecipeError: the data are for another task.

    """
    kind = FaceDetection if recipe.task == DETECTION else Classification
    return kind(recipe, data)
