# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from training import schedule as module  # noqa: E402
from training.recipe import Recipe  # noqa: E402
from training.schedule import one_cycle, optimizer_of, Schedule, set_rates  # noqa: E402


def recipe(**changes: Any) -> Recipe:
    return Recipe('a', 'emotion', 'mini_residual', 'a.npz', 'made', **changes)


def test_one_cycle_is_pytorchs() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], 1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, 2001, pct_start=0.1)
    for step in range(2001):
        rate, momentum = one_cycle(step / 2000, 0.1)
        group = optimizer.param_groups[0]
        assert rate == pytest.approx(group['lr'], abs=0.006)  # The peak is half a step apart
        assert momentum == pytest.approx(group['betas'][0], abs=0.002)
        optimizer.step()
        if step < 2000:
            theirs.step()


def test_steps_count_without_minutes() -> None:
    schedule = Schedule(recipe(epochs=2), steps_per_epoch=5)
    for step in range(10):
        assert schedule.progress == step / 10
        schedule.step()
    assert schedule.progress == 1


def test_minutes_of_training_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(module.time, 'monotonic', lambda: now)
    schedule = Schedule(recipe(minutes=2), steps_per_epoch=5)
    now += 1000  # Loading does not count as training.
    schedule.start()
    assert schedule.progress == 0
    now += 30
    schedule.step()
    assert schedule.progress == 0.25
    now += 200
    schedule.step()
    assert schedule.progress == 1


def test_resumed_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = Schedule(recipe(minutes=2), steps_per_epoch=5)
    schedule.seconds = 60.0
    assert schedule.progress == 0.5


@pytest.mark.parametrize('name', ['adamw', 'nesterov'])
def test_the_optimizer_gets_both_rates(name: str) -> None:
    made = recipe(optimizer=name, learning_rate=0.5, weight_decay=0.25, warm_up=0.5)
    optimizer = optimizer_of(made, torch.nn.Linear(1, 1))
    set_rates(optimizer, made, 0.5)
    (group,) = optimizer.param_groups
    assert group['lr'] == pytest.approx(0.5)
    assert group['weight_decay'] == 0.25
    momentum = group['momentum'] if name == 'nesterov' else group['betas'][0]
    assert momentum == pytest.approx(0.85)
    assert group.get('nesterov', True)
