# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Training recipes: the full configuration of a training run, read from YAML."""

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
# Keys of a training run, which a recipe with average_of does not have
TRAINING_KEYS = 'start_from', 'teachers', 'epochs', 'minutes'


class RecipeError(ValueError):
    """A recipe cannot be used; the message names the key."""


@dataclass(frozen=True)
class Head:
    """An output head of a classifier and its training target.

    ``votes`` 0..1: weight of the distribution of the FER+ votes in a target; the rest is the
    label. ``weight``: weight of this head's loss in the sum, positive. ``label_smoothing`` 0..1
    (exclusive): fraction of a target that is distributed over all labels.
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

    ``data`` is a file name in the data folder; ``input_size`` the width of the input in pixels,
    which is square for classifiers and 4:3 for detectors. ``extra_data`` maps further file names
    to the probability, 0..1, that one of their samples replaces one of ``data``: scenes for a
    detector; for a classifier, unlabelled faces, whose targets are the teachers' outputs.
    ``balance`` maps groups of the data (race, age) to an exponent 0..1: an image is sampled in
    proportion to 1 / (images of its group) ** exponent, so that at 1 all groups are sampled
    equally often. ``heads`` of a classifier by name, all on one trunk; the first is the default
    at inference.

    ``optimizer`` is 'adamw', or 'nesterov' for gradient descent with Nesterov's momentum.
    ``learning_rate`` is the peak of a one-cycle schedule over ``epochs``, or over ``minutes`` of
    training if given; ``warm_up`` 0..1 the fraction of it before the peak. During its first
    fraction ``early_part`` 0..1, images have ``early_size`` pixels, which is faster.
    ``start_from`` names a recipe whose trained weights initialise the network; a head is
    initialised by that of its name, else by the first.

    ``average_of`` maps names of recipes to positive weights: the network is the weighted mean of
    their trained weights, and is not trained further (model soups, Wortsman et al. 2022). It is
    useful only for networks that were trained from common weights.

    ``teachers`` are names of recipes of trained classifiers with the same heads.
    ``teacher_weight`` 0..1 is the weight, in a head's target, of the mean output of their heads
    of the same name for the same view (distillation, Hinton et al. 2015).

    ``averaging`` 0..1 is the decay per step of the exponential moving average of the weights,
    which is the result of a run; 0 for no averaging. ``validate_every``: epochs between two
    validations.
    """

    name: str
    task: str
    architecture: str
    data: str
    data_licence: str
    extra_data: dict[str, float] = field(default_factory=dict)
    balance: dict[str, float] = field(default_factory=dict)
    start_from: str | None = None
    average_of: dict[str, float] = field(default_factory=dict)
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


def _check_average(values: dict[str, Any], path: Path) -> None:
    members = values.get('average_of', {})
    if not isinstance(members, dict) or not all(
        isinstance(weight, (int, float)) and 0 < weight < math.inf for weight in members.values()
    ):
        raise RecipeError(
            f'{path}: average_of is {members!r}, but must map recipe names to positive weights'
        )
    for key in TRAINING_KEYS:
        if members and key in values:
            raise RecipeError(f'{path}: average_of and {key} exclude each other; remove one')


def _checked(kind: type, values: dict[str, Any], path: Path) -> dict[str, Any]:
    unknown = set(values) - {item.name for item in fields(kind)}
    if unknown:
        raise RecipeError(
            f'{path}: unknown key {sorted(unknown)[0]!r}; known are '
            f'{", ".join(item.name for item in fields(kind))}'
        )
    return values


def load_recipe(path: Path) -> Recipe:
    """Read the recipe ``path``, or else that of the same file name in training/recipes.

    Raises:
        RecipeError: the file does not exist, or a key is unknown, missing or out of range.

    """
    found = path if path.exists() else RECIPES / path.name
    if not found.exists():
        known = ', '.join(sorted(recipe.name for recipe in RECIPES.glob('*.yaml')))
        raise RecipeError(f'{path}: no such recipe; available are {known}')
    values = yaml.safe_load(found.read_text())
    if not isinstance(values, dict):
        raise RecipeError(
            f'{found}: content is of type {type(values).__name__}, but must be a mapping of keys '
            'to values'
        )
    kind = SceneAugmentation if values.get('task') == DETECTION else Augmentation
    for key in ('epochs', 'minutes'):
        if not values.get(key, 1) > 0:
            raise RecipeError(f'{found}: {key} is {values[key]}, but must be positive')
    if 'epochs' in values and 'minutes' in values:
        raise RecipeError(f'{found}: minutes and epochs exclude each other; remove one of them')
    if values.get('optimizer', 'adamw') not in OPTIMIZERS:
        raise RecipeError(
            f'{found}: optimizer is {values["optimizer"]!r}, but must be one of '
            f'{", ".join(OPTIMIZERS)}'
        )
    _check_average(values, found)
    heads = _heads(values.pop('heads', {'labels': {}}), found)
    teachers = values.pop('teachers', [])
    if not isinstance(teachers, list):
        raise RecipeError(f'{found}: teachers is {teachers!r}, but must be a list of recipe names')
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
