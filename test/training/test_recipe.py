# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('torch', reason='training needs PyTorch')

import yaml

from training.recipe import Head, load_recipe, RecipeError, RECIPES


def write(path: Path, **changes: Any) -> Path:
    values = {
        'name': 'own',
        'task': 'emotion',
        'architecture': 'mini_residual',
        'data': 'own.npz',
        'data_licence': 'our own',
        **changes,
    }
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


@pytest.mark.parametrize('path', sorted(RECIPES.glob('*.yaml')), ids=lambda path: path.stem)
def test_recipes_are_usable(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    for needed in (recipe.start_from, *recipe.teachers, *recipe.average_of):
        assert needed is None or (RECIPES / f'{needed}.yaml').exists()


def test_a_head_for_each_label_function(tmp_path: Path) -> None:
    heads = {'votes': {'votes': 1.0, 'weight': 0.7}, 'original': {}}
    recipe = load_recipe(write(tmp_path / 'own.yaml', heads=heads))
    assert list(recipe.heads.items()) == [('votes', Head(1.0, 0.7)), ('original', Head())]


def test_without_heads_there_is_one(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path / 'own.yaml')).heads == {'labels': Head()}


@pytest.mark.parametrize(
    'changes, reason',
    [
        ({'heads': []}, 'heads is'),
        ({'optimizer': 'adam'}, "optimizer is 'adam', but must be one of adamw, nesterov"),
        ({'heads': {}}, 'heads is'),
        ({'heads': {'votes': {'vote': 1.0}}}, "unknown key 'vote'"),
        ({'heads': {'votes': {'votes': 2.0}}}, r'heads\.votes\.votes is 2\.0, but must be in 0'),
        ({'heads': {'votes': {'weight': 0}}}, r'heads\.votes\.weight is 0, but must be positive'),
        ({'heads': {'a': {'label_smoothing': 1}}}, r'heads\.a\.label_smoothing is 1'),
        ({'heads': {'a': {'votes': 'all'}}}, r'heads\.a'),
        ({'heads': {'a': 3}}, r'heads\.a'),
        ({'teachers': 'emotion_residual'}, 'teachers is'),
        ({'minutes': 10, 'epochs': 3}, 'minutes and epochs'),
        ({'minutes': 0}, 'minutes is 0'),
        ({'epochs': 0}, 'epochs is 0'),
        ({'average_of': ['a', 'b']}, "average_of is .'a', 'b'., but must map"),
        ({'average_of': {'a': 0}}, 'average_of is .*positive weights'),
        ({'average_of': {'a': 1}, 'start_from': 'b'}, 'average_of and start_from exclude'),
        ({'average_of': {'a': 1}, 'epochs': 3}, 'average_of and epochs exclude'),
        ({'ferplus_weight': 0.5}, "unknown key 'ferplus_weight'"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        load_recipe(write(tmp_path / 'own.yaml', **changes))
