# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The interface of all tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor
from torch.utils.data import Dataset

from face_affect.core.models import Sidecar


class Task(Protocol):
    """A recipe's data, and what to train, quantise and measure with it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the outputs, as the sidecar lists them."""

    @property
    def pictures(self) -> int:
        """The number of training pictures."""

    def network(self) -> nn.Module:
        """Build the untrained network."""

    def load_teachers(self, runs: Path) -> None:
        """Load the recipe's teachers, if it names any, from folder ``runs``.

        Raises:
            RecipeError: a teacher is not trained yet, or does not fit.

        """

    def weights(self) -> NDArray[np.float64] | None:
        """Return how often each training picture is drawn, [pictures]; None for once an epoch."""

    def views(self, epoch: int, progress: float) -> Dataset[Any]:
        """Return one epoch's training samples: image, then targets.

        ``progress`` 0..1 of the schedule decides on the pictures' size.
        """

    def inputs(self, images: Tensor) -> Tensor:
        """Return a batch of images as the network takes them."""

    def loss(self, outputs: Any, targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the loss of the network's ``outputs`` for a batch of ``inputs``."""

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return metrics of the trained network on the validation part, by name."""

    def calibration_set(self) -> NDArray[np.float32]:
        """Return training pictures f32 [N, C, H, W] in 0..1, for the ranges of activations."""

    def with_accuracy(self, sidecar: Sidecar, model: nn.Module) -> Sidecar:
        """Return the quantised network's ``sidecar`` with its validation metrics.

        ``model`` is the float network, to compare with.
        """
