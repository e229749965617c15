"""Network architectures, built by name: ``image [B, 1, S, S] in 0..1 -> logits [B, C]``.

Layers pad as TensorFlow's SAME does, so that the exported graph needs no
separate padding. The modules used here are those that ``training.export`` knows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn, Tensor
from torch.nn import functional


class MaxPoolSame(nn.Module):
    """3x3 maximum with stride 2, padded as TensorFlow's SAME."""

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width, rounding up."""
        if x.shape[-1] % 2:
            return functional.max_pool2d(x, 3, stride=2, padding=1)
        return functional.max_pool2d(x, 3, stride=2, ceil_mode=True)


class GlobalAveragePool(nn.Module):
    """The mean over height and width."""

    def forward(self, x: Tensor) -> Tensor:
        """Reduce [B, C, H, W] to [B, C]."""
        return x.mean((2, 3))


class Add(nn.Module):
    """The sum of two branches."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Add element by element."""
        return a + b


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def _separable(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs))


class XceptionBlock(nn.Module):
    """Two separable convolutions and a pool, beside a strided 1x1 shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Map ``inputs`` channels to ``outputs`` at half the height and width."""
        super().__init__()
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs))
        self.first = _separable(inputs, outputs)
        self.relu = nn.ReLU()
        self.second = _separable(outputs, outputs)
        self.pool = MaxPoolSame()
        self.add = Add()

    def forward(self, x: Tensor) -> Tensor:
        """Reduce [B, inputs, H, W] to [B, outputs, H/2, W/2]."""
        features = self.pool(self.second(self.relu(self.first(x))))
        return self.add(features, self.shortcut(x))


def mini_xception(classes: int) -> nn.Module:
    """Build mini-Xception (Arriaga, Plöger and Valdenegro 2017, figure 4).

    The paper's softmax is left to the caller, which can then calibrate it.
    """
    widths = (8, 16, 32, 64, 128)
    return nn.Sequential(
        _convolution(1, 8), _convolution(8, 8),
        *(XceptionBlock(*pair) for pair in pairwise(widths)),
        nn.Conv2d(128, classes, 3, padding=1), GlobalAveragePool())


ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {
    'mini_xception': mini_xception,
}


def build(architecture: str, classes: int) -> nn.Module:
    """Return the untrained network of that name.

    Raises:
        ValueError: the name is unknown.

    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f'no architecture {architecture!r}; there are {sorted(ARCHITECTURES)}')
    return ARCHITECTURES[architecture](classes)


def parameter_count(model: nn.Module) -> int:
    """Count weights and normalisation statistics, as Keras and the paper do."""
    numbers = [value for name, value in model.state_dict().items()
               if not name.endswith('num_batches_tracked')]
    return sum(value.numel() for value in numbers)


def mac_count(model: nn.Module, size: int) -> int:
    """Count the multiply-accumulates of all convolutions for one picture."""
    total = 0

    def add(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output[0].numel() * module.weight[0].numel()

    hooks = [module.register_forward_hook(add)
             for module in model.modules() if isinstance(module, nn.Conv2d)]
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, size, size))
    for hook in hooks:
        hook.remove()
    return total
