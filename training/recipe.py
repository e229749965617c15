# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A training recipe: everything a run depends on, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from face_affect.core.models import DETECTION
from training.data.augmentation import Augmentation
from training.data.scene_views import SceneAugmentation

RECIPES = Path(__file__).parent / 'recipes'


class RecipeError(ValueError):
    """The recipe cannot be used; the message names the key."""


@dataclass(frozen=True)
class Recipe:
    """One training run.

    ``data`` is a file name in the data folder; ``input_size`` is the input's width in
    pixels: classifiers take squares, detectors 4:3. ``extra_data`` names further scenes
    for a detector, and the chance of each file, 0..1, to be shown in place of ``data``.
    ``learning_rate`` is the peak of a one-cycle schedule over ``epochs``, of
    which the first ``early_epochs`` see smaller pictures of ``early_size``
    pixels, which costs less. ``start_from`` names a recipe whose trained weights
    are the starting point. ``ferplus_weight`` 0..1 is the part of an emotion's
    target that comes from the FER+ votes. ``teacher`` names the recipe of a trained
    classifier, and ``teacher_weight`` 0..1 is the part of a target that it gives by what
    it says of the same view (distillation, Hinton et al. 2015). ``averaging`` 0..1: the
    decay at every step of the moving average of the weights, which is what a run results
    in; 0 for none.
    ``validate_every``: epochs from one look at the held-out part to the next.
    """

    name: str
    task: str
    architecture: str
    data: str
    data_licence: str
    extra_data: dict[str, float] = field(default_factory=dict)
    start_from: str | None = None
    input_size: int = 64
    epochs: int = 30
    early_size: int = 48
    early_epochs: int = 0
    batch: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    label_smoothing: float = 0.0
    ferplus_weight: float = 0.0
    teacher: str | None = None
    teacher_weight: float = 0.5
    averaging: float = 0.0
    validate_every: int = 1
    seed: int = 2017
    augmentation: Augmentation | SceneAugmentation = field(default_factory=Augmentation)


def _checked(kind: type, values: dict[str, Any], path: Path) -> dict[str, Any]:
    unknown = set(values) - {item.name for item in fields(kind)}
    if unknown:
        raise RecipeError(f'{path}: unknown key {sorted(unknown)[0]!r}')
    return values


def load_recipe(path: Path) -> Recipe:
    """Read ``path``, or the recipe of that file name that comes with the project.

    Raises:
        RecipeError: no such file, or a key is unknown or missing.

    """
    found = path if path.exists() else RECIPES / path.name
    if not found.exists():
        known = ', '.join(sorted(recipe.name for recipe in RECIPES.glob('*.yaml')))
        raise RecipeError(f'{path}: no such recipe; there are {known}')
    values = yaml.safe_load(found.read_text())
    if not isinstance(values, dict):
        raise RecipeError(f'{found}: a mapping of keys to values is needed')
    kind = SceneAugmentation if values.get('task') == DETECTION else Augmentation
    jitter = _checked(kind, values.pop('augmentation', {}), found)
    try:
        return Recipe(augmentation=kind(**jitter), **_checked(Recipe, values, found))
    except TypeError as error:
        raise RecipeError(f'{found}: {error}') from error
