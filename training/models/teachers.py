# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Teacher networks for distillation: five to seven million parameters, not installed.

``image [B, 1, S, S] in 0..1 -> logits [B, C]``, for S of about 48.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn, Tensor
from torch.nn import functional

DROPOUT = 0.3  # of the features before the linear layer


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs)
    )


class BasicBlock(nn.Module):
    """The block of ResNet-18 (He et al. 2015), with optional squeeze and excitation."""

    def __init__(self, inputs: int, outputs: int, stride: int, excited: bool) -> None:
        """Map ``inputs`` channels to ``outputs`` at 1 / ``stride`` of height and width."""
        super().__init__()
        self.body = nn.Sequential(
            _convolution(inputs, outputs, stride), nn.ReLU(), _convolution(outputs, outputs)
        )
        self.gate = SqueezeExcitation(outputs) if excited else nn.Identity()
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the rectified sum of shortcut and body."""
        return functional.relu(self.shortcut(x) + self.gate(self.body(x)))


class SqueezeExcitation(nn.Module):
    """Channel weights by global features (squeeze and excitation, Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        """Build with a bottleneck of an eighth of the channels."""
        super().__init__()
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // 8, 1),
            nn.ReLU(),
            nn.Conv2d(channels // 8, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted channels."""
        return x * self.weights(x)


def _answer(features: int, classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(features, classes)
    )


def _resnet(classes: int, excited: bool) -> nn.Module:
    widths = (48, 96, 192, 384)
    blocks = [BasicBlock(48, 48, 1, excited), BasicBlock(48, 48, 1, excited)]
    for inputs, outputs in pairwise(widths):
        blocks += [
            BasicBlock(inputs, outputs, 2, excited),
            BasicBlock(outputs, outputs, 1, excited),
        ]
    return nn.Sequential(_convolution(1, 48), nn.ReLU(), *blocks, _answer(384, classes))


def resnet18(classes: int) -> nn.Module:
    """Build ResNet-18 with three quarters of its channels, for inputs of 48 pixels."""
    return _resnet(classes, excited=False)


def se_resnet18(classes: int) -> nn.Module:
    """Build ``resnet18`` with squeeze and excitation in every block."""
    return _resnet(classes, excited=True)


def vgg13(classes: int) -> nn.Module:
    """Build VGG-13 (Simonyan and Zisserman 2014), batch-normalised, with one linear layer."""
    layers: list[nn.Module] = []
    inputs = 1
    for outputs in (64, 112, 224, 384, 448):
        layers += [_convolution(inputs, outputs), nn.ReLU(), _convolution(outputs, outputs)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        inputs = outputs
    return nn.Sequential(*layers, _answer(inputs, classes))
