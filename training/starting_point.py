# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Initial weights of a recipe that continues the training of another."""

from __future__ import annotations

from pathlib import Path

import torch

from face_affect.core.models import DETECTION
from training.models.heads import Weights, with_heads
from training.recipe import load_recipe, Recipe, RecipeError


def starting_weights(recipe: Recipe, runs: Path) -> Weights:
    """Return the trained weights of ``recipe.start_from`` in folder ``runs``.

    The heads are those of ``recipe``; see with_heads.

    Raises:
        RecipeError: ``recipe.start_from`` is not trained yet.

    """
    name = str(recipe.start_from)
    path = runs / name / 'weights.pt'
    if not path.exists():
        raise RecipeError(f'{path} is missing; train recipe {name} first')
    weights: Weights = torch.load(path, map_location='cpu', weights_only=True)
    if recipe.task == DETECTION:
        return weights
    had = load_recipe(Path(f'{name}.yaml')).heads
    return with_heads(weights, list(had), list(recipe.heads))
