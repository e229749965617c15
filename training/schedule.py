# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Progress of a training run and its one-cycle learning rate."""

from __future__ import annotations

import math
import time

import torch
from torch import nn

from training.recipe import Recipe

# One-cycle policy (Smith and Topin 2018) with the defaults of PyTorch's OneCycleLR
START_DIVISOR, END_DIVISOR = 25.0, 25e4
LOW_MOMENTUM, HIGH_MOMENTUM = 0.85, 0.95


class Schedule:
    """The progress of a recipe's run, by training steps or by training time.

    ``steps`` and ``seconds`` are those of training so far; set them to resume a run.
    """

    def __init__(self, recipe: Recipe, steps_per_epoch: int) -> None:
        """Start with progress 0."""
        self._recipe = recipe
        self._total = recipe.epochs * steps_per_epoch
        self.seconds = 0.0
        self.steps = 0
        self._last = time.monotonic()

    @property
    def progress(self) -> float:
        """The completed fraction of the run, 0..1."""
        if self._recipe.minutes is None:
            return min(1.0, self.steps / self._total)
        return min(1.0, self.seconds / (60 * self._recipe.minutes))

    def start(self) -> None:
        """Start the clock; the time since the last step is not counted."""
        self._last = time.monotonic()

    def step(self) -> None:
        """Count a training step and the time since the previous one."""
        now = time.monotonic()
        self.seconds += now - self._last
        self._last = now
        self.steps += 1


def optimizer_of(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """Return the recipe's optimiser for the weights of ``network``."""
    weights = network.parameters()
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == 'nesterov':
        return torch.optim.SGD(weights, rate, HIGH_MOMENTUM, weight_decay=decay, nesterov=True)
    return torch.optim.AdamW(weights, rate, weight_decay=decay)


def set_rates(optimizer: torch.optim.Optimizer, recipe: Recipe, progress: float) -> None:
    """Set learning rate and momentum for the step at ``progress`` 0..1."""
    rate, momentum = one_cycle(progress, recipe.warm_up)
    for group in optimizer.param_groups:
        group['lr'] = rate * recipe.learning_rate
        if 'betas' in group:
            group['betas'] = (momentum, group['betas'][1])
        else:
            group['momentum'] = momentum


def one_cycle(progress: float, warm_up: float) -> tuple[float, float]:
    """Return the learning rate relative to its peak and the momentum at ``progress`` 0..1.

    ``warm_up`` 0..1: fraction of the schedule before the peak.
    """
    if progress < warm_up:
        done = _cosine(progress / warm_up)
        rate = 1 / START_DIVISOR + (1 - 1 / START_DIVISOR) * done
        return rate, HIGH_MOMENTUM + (LOW_MOMENTUM - HIGH_MOMENTUM) * done
    done = _cosine((progress - warm_up) / (1 - warm_up))
    return 1 + (1 / END_DIVISOR - 1) * done, LOW_MOMENTUM + (HIGH_MOMENTUM - LOW_MOMENTUM) * done


def _cosine(fraction: float) -> float:
    """Return the cosine interpolation 0..1 of ``fraction`` 0..1."""
    return (1 - math.cos(math.pi * fraction)) / 2
