# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Weights of trained recipes, as another recipe uses them: as a starting point, or averaged."""

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
        RecipeError: ``recipe.start_from`` is not trained yet, or has another architecture.

    """
    return _trained(str(recipe.start_from), recipe, runs)


def averaged_weights(recipe: Recipe, runs: Path) -> Weights:
    """Return the weighted mean of the trained weights of ``recipe.average_of`` in ``runs``.

    The mean includes the statistics of batch normalisation; the heads are those of ``recipe``.

    Raises:
        RecipeError: one of the recipes is not trained yet, or has another architecture.

    """
    total = sum(recipe.average_of.values())
    trained = [_trained(name, recipe, runs) for name in recipe.average_of]
    shares = [weight / total for weight in recipe.average_of.values()]
    first = trained[0]
    return {
        key: torch.stack([share * weights[key] for share, weights in zip(shares, trained)]).sum(0)
        if first[key].is_floating_point()
        else first[key]
        for key in first
    }


def _trained(name: str, recipe: Recipe, runs: Path) -> Weights:
    """Return the weights that recipe ``name`` trained, with the heads of ``recipe``."""
    path = runs / name / 'weights.pt'
    if not path.exists():
        raise RecipeError(f'{path} is missing; train recipe {name} first')
    trained = load_recipe(Path(f'{name}.yaml'))
    if trained.architecture != recipe.architecture:
        raise RecipeError(
            f'recipe {recipe.name}: architecture is {recipe.architecture}, but that of {name} is '
            f'{trained.architecture}'
        )
    weights: Weights = torch.load(path, map_location='cpu', weights_only=True)
    if recipe.task == DETECTION:
        return weights
    return with_heads(weights, list(trained.heads), list(recipe.heads))
