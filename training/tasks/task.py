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
    """The data, network and loss of a recipe, for training, quantisation and evaluation."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the sidecar, in the order of the outputs."""

    @property
    def pictures(self) -> int:
        """The number of training images."""

    def network(self) -> nn.Module:
        """Build the untrained network."""

    def load_teachers(self, runs: Path) -> None:
        """Load the recipe's teachers from folder ``runs``.

        Raises:
            RecipeError: a teacher is not trained yet, or lacks a head.

        """

    def weights(self) -> NDArray[np.float64] | None:
        """Return the sampling weights f64 [N] of the training images; None for equal ones."""

    def views(self, epoch: int, progress: float) -> Dataset[Any]:
        """Return the training samples of an epoch: image, then targets.

        ``progress`` 0..1 of the schedule determines the size of the images.
        """

    def inputs(self, images: Tensor) -> Tensor:
        """Convert a batch of images of ``views`` to the network's input."""

    def loss(self, outputs: Any, targets: list[Tensor], inputs: Tensor) -> Tensor:
        """Return the loss of the network's ``outputs`` for a batch with ``targets``."""

    def validate(self, model: nn.Module, device: torch.device) -> dict[str, float]:
        """Return metrics of the trained network on the validation part, by name."""

    def calibration_set(self) -> NDArray[np.float32]:
        """Return training images f32 [N, C, H, W] in 0..1, to calibrate activation ranges."""

    def with_accuracy(self, sidecar: Sidecar, model: nn.Module) -> Sidecar:
        """Return the quantised network's ``sidecar`` with its validation metrics.

        ``model`` is the float network, whose metrics are added for comparison.
        """
