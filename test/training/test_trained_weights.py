# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_datasets import write_fer

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from torch import Tensor  # noqa: E402

from training.models.architectures import build  # noqa: E402
from training.recipe import Head, Recipe, RecipeError  # noqa: E402
from training.train import train  # noqa: E402
from training.trained_weights import averaged_weights, starting_weights  # noqa: E402

STAGES = 'emotion_mini_residual_stage3', 'emotion_mini_residual_stage4'
HEADS = {'votes': Head(votes=1.0), 'original': Head()}


def average(**changes: object) -> Recipe:
    return Recipe(
        **{
            'name': 'average',
            'task': 'emotion',
            'architecture': 'mini_residual',
            'average_of': {STAGES[0]: 1.0, STAGES[1]: 3.0},
            'data': 'fer.npz',
            'data_licence': 'made up',
            'heads': HEADS,
            'input_size': 48,
            **changes,
        }
    )


@pytest.fixture
def members(tmp_path: Path) -> list[dict[str, Tensor]]:
    """Random weights of both stages, saved as those of trained networks."""
    members = []
    for seed, name in enumerate(STAGES):
        torch.manual_seed(seed)
        network = build('mini_residual', 14)
        network(torch.rand(8, 1, 48, 48))  # Moves the statistics of batch normalisation.
        (tmp_path / name).mkdir()
        torch.save(network.state_dict(), tmp_path / name / 'weights.pt')
        members.append(network.state_dict())
    return members


def test_the_mean_is_weighted_statistics_included(
    tmp_path: Path, members: list[dict[str, Tensor]]
) -> None:
    first, second = members
    found = averaged_weights(average(), tmp_path)
    assert list(found) == list(first)
    moved = 0
    for key, value in found.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, first[key] / 4 + 3 * second[key] / 4)
            moved += 'running_mean' in key
    assert moved > 5


def test_heads_are_taken_by_name(tmp_path: Path, members: list[dict[str, Tensor]]) -> None:
    found = averaged_weights(average(heads={'original': Head()}), tmp_path)
    key = list(found)[-1]
    torch.testing.assert_close(found[key], (members[0][key] / 4 + 3 * members[1][key] / 4)[7:])


@pytest.mark.usefixtures('members')
def test_training_an_average_validates_and_saves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fer(tmp_path / 'fer.npz', 60, ferplus_votes=np.full((60, 10), 1, np.uint8))
    path = train(average(), tmp_path, tmp_path, 0)
    assert path == tmp_path / 'average' / 'weights.pt'
    saved, expected = torch.load(path), averaged_weights(average(), tmp_path)
    assert all(torch.equal(saved[key], expected[key]) for key in expected)
    assert 'val_accuracy_votes' in capsys.readouterr().out


def test_an_untrained_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=f'train recipe {STAGES[0]} first'):
        averaged_weights(average(), tmp_path)


@pytest.mark.usefixtures('members')
def test_another_architecture_is_refused(tmp_path: Path) -> None:
    reason = 'architecture is residual, but that of emotion_mini_residual_stage3 is mini_residual'
    with pytest.raises(RecipeError, match=reason):
        averaged_weights(average(architecture='residual'), tmp_path)
    with pytest.raises(RecipeError, match=reason):
        starting_weights(average(architecture='residual', start_from=STAGES[0]), tmp_path)
