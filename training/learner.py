# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A network in training with its optimiser and the moving average of its weights."""

from __future__ import annotations

from typing import Any

from torch import nn, Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.recipe import Recipe
from training.schedule import optimizer_of, set_rates

LARGEST_GRADIENT = 5.0  # norm for gradient clipping


class Learner:
    """The network of a recipe with its training state: optimiser and weight average."""

    def __init__(self, recipe: Recipe, network: nn.Module) -> None:
        """Create the optimiser and average for ``network`` on its device."""
        self.network = network
        self._recipe = recipe
        # With a decay of 0, the average equals the network.
        self._average = AveragedModel(
            network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        )
        self._optimizer = optimizer_of(recipe, network)

    @property
    def model(self) -> nn.Module:
        """The network with averaged weights."""
        return self._average.module

    def step(self, loss: Tensor, progress: float) -> None:
        """Update the weights by the gradient of ``loss``; ``progress`` 0..1 of the schedule."""
        set_rates(self._optimizer, self._recipe, progress)
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self._optimizer.step()
        self._average.update_parameters(self.network)

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            'model': self.network.state_dict(),
            'average': self._average.state_dict(),
            'optimizer': self._optimizer.state_dict(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Restore a state that ``state`` returned."""
        self.network.load_state_dict(state['model'])
        self._average.load_state_dict(state['average'])
        self._optimizer.load_state_dict(state['optimizer'])
