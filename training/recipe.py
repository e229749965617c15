# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A training recipe: everything a run depends on, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
import math
from pathlib import Path
from typing import Any

import yaml

from face_affect.core.models import DETECTION
from training.data.augmentation import Augmentation
from training.data.scene_views import SceneAugmentation

RECIPES = Path(__file__).parent / 'recipes'
OPTIMIZERS = 'adamw', 'nesterov'


class RecipeError(ValueError):
    """The recipe cannot be used; the message names the key."""


@dataclass(frozen=True)
class Head:
    """One label function that a classifier is taught.

    ``votes`` 0..1: the part of a target that is the distribution of the FER+ voters' answers;
    the rest is the label. ``weight``: of this head's loss in the sum. ``label_smoothing``
    0..1: the part of a target that is spread over all labels.
    """

    votes: float = 0.0
    weight: float = 1.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        """Validate the ranges.

        Raises:
            ValueError: a value is out of range; the message begins with its key.

        """
        if not 0 <= self.votes <= 1:
            raise ValueError(f'votes is {self.votes}, but must be in 0..1')
        if not 0 < self.weight < math.inf:
            raise ValueError(f'weight is {self.weight}, but must be positive')
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f'label_smoothing is {self.label_smoothing}, but must be in 0..1')


@dataclass(frozen=True)
class Recipe:
    """One training run.

    ``data`` is a file name in the data folder; ``input_size`` is the input's width in
    pixels: classifiers take squares, detectors 4:3. ``extra_data`` names further files, and
    the chance of each, 0..1, to be shown in place of ``data``: scenes for a detector, and for
    a classifier faces without labels of its task, which its teachers answer for.
    ``balance`` names groups of the data (race, age), each with a power 0..1: a picture is
    drawn in proportion to 1 / (pictures of its group) ** power, so that at 1 all groups are
    shown equally often.
    ``heads`` of a classifier by name, all on one trunk; the first answers on the robot unless
    another is selected.

    ``optimizer`` is 'adamw', or 'nesterov' for gradient descent with Nesterov's momentum.
    ``learning_rate`` is the peak of a one-cycle schedule over ``epochs``, or over ``minutes``
    of training where those are given; ``warm_up`` 0..1 is the part of it before the peak.
    During the first ``early_part`` 0..1 of it pictures have ``early_size`` pixels, which costs
    less. ``start_from`` names a recipe whose trained weights are the starting point; a head
    takes the weights of the one of its name there, or else of the first.

    ``teachers`` name recipes of trained classifiers with the same heads. ``teacher_weight``
    0..1 is the part of a head's target that is the mean of their answers by that head to the
    same view (distillation, Hinton et al. 2015).

    ``averaging`` 0..1: the decay at every step of the moving average of the weights, which is
    the result of a run; 0 for none. ``validate_every``: epochs between two validations.
    """

    name: str
    task: str
    architecture: str
    data: str
    data_licence: str
    extra_data: dict[str, float] = field(default_factory=dict)
    balance: dict[str, float] = field(default_factory=dict)
    start_from: str | None = None
    heads: dict[str, Head] = field(default_factory=lambda: {'labels': Head()})
    input_size: int = 64
    epochs: int = 30
    minutes: float | None = None
    warm_up: float = 0.1
    early_size: int = 48
    early_part: float = 0.0
    batch: int = 128
    optimizer: str = 'adamw'
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 0.5
    averaging: float = 0.0
    validate_every: int = 1
    seed: int = 2017
    augmentation: Augmentation | SceneAugmentation = field(default_factory=Augmentation)


def _heads(values: Any, path: Path) -> dict[str, Head]:
    if not isinstance(values, dict) or not values:
        raise RecipeError(f'{path}: heads is {values!r}, but must map names to heads')
    heads = {}
    for name, keys in values.items():
        try:
            heads[str(name)] = Head(**_checked(Head, keys or {}, path))
        except (TypeError, ValueError) as error:
            raise RecipeError(f'{path}: heads.{name}.{error}') from error
    return heads


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
    for key in ('epochs', 'minutes'):
        if not values.get(key, 1) > 0:
            raise RecipeError(f'{found}: {key} is {values[key]}, but must be positive')
    if 'epochs' in values and 'minutes' in values:
        raise RecipeError(f'{found}: minutes and epochs are both given; a schedule has one length')
    if values.get('optimizer', 'adamw') not in OPTIMIZERS:
        raise RecipeError(
            f'{found}: optimizer is {values["optimizer"]!r}, but must be one of '
            f'{", ".join(OPTIMIZERS)}'
        )
    heads = _heads(values.pop('heads', {'labels': {}}), found)
    teachers = values.pop('teachers', [])
    if not isinstance(teachers, list):
        raise RecipeError(f'{found}: teachers is {teachers!r}, but must be a list of recipes')
    jitter = _checked(kind, values.pop('augmentation', {}), found)
    try:
        return Recipe(
            augmentation=kind(**jitter),
            heads=heads,
            teachers=tuple(map(str, teachers)),
            **_checked(Recipe, values, found),
        )
    except TypeError as error:
        raise RecipeError(f'{found}: {error}') from error
