# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Untrained networks to compare exports with."""

from __future__ import annotations

from typing import Any

import torch

from training.models.architectures import build


def random_model(name: str, *arguments: int) -> Any:
    """Return a network whose normalisation is not the identity."""
    torch.manual_seed(0)
    model = build(name, *arguments)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    return model.eval()
