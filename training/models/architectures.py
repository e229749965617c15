# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Network architectures, built by name.

Classifiers: ``image [B, 1, S, S] in 0..1 -> logits [B, C]``. Detectors: ``image
[B, 3, H, W] in 0..1 -> (score, box, points)`` of the finest map, then of the others.

Layers pad like TensorFlow's SAME, so that the exported graph has no separate padding. Only modules
that ``training.export.tensorflow_lite`` supports are used.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn, Tensor
from torch.nn import functional

from training.models.teachers import resnet18, se_resnet18, vgg13


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
        nn.Conv2d(inputs, outputs, 3, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _separable(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
    )


class XceptionBlock(nn.Module):
    """Two separable convolutions and a pool, beside a strided 1x1 shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Map ``inputs`` channels to ``outputs`` at half the height and width."""
        super().__init__()
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs)
        )
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

    It returns logits; the paper's softmax is applied after calibration.
    """
    widths = (8, 16, 32, 64, 128)
    return nn.Sequential(
        _convolution(1, 8),
        _convolution(8, 8),
        *(XceptionBlock(*pair) for pair in pairwise(widths)),
        nn.Conv2d(128, classes, 3, padding=1),
        GlobalAveragePool(),
    )


class SameConvolution(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow's SAME."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        """Map ``inputs`` channels to ``outputs`` at 1 / ``stride`` of height and width."""
        super().__init__(
            inputs,
            outputs,
            kernel,
            stride,
            groups=groups,
            bias=False,
            padding=kernel // 2 if stride == 1 else 0,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; strided kernels of 3 need padding that depends on the size."""
        if self.stride[0] == 1:
            return super().forward(x)
        height, width = x.shape[-2:]
        if self.groups > 1 and self.training:
            # Equal values in a third of the time, since oneDNN's gradient of strided depthwise
            # convolutions is slow.
            every = functional.conv2d(x, self.weight, padding=1, groups=self.groups)
            return every[:, :, 1 - height % 2 :: 2, 1 - width % 2 :: 2]
        return super().forward(functional.pad(x, (width % 2, 1, height % 2, 1)))


class Upsample(nn.Module):
    """Bilinear enlargement to the size of another map."""

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """Enlarge ``x`` to the height and width of ``like``."""
        return functional.interpolate(
            x, size=like.shape[-2:], mode='bilinear', align_corners=False
        )


def _dense(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        SameConvolution(inputs, outputs, kernel, stride), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _depthwise(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        SameConvolution(inputs, inputs, 3, stride, groups=inputs),
        nn.BatchNorm2d(inputs),
        *_dense(inputs, outputs, kernel=1),
    )


class Residual(nn.Module):
    """The sum of a map and its transformation by ``body``."""

    def __init__(self, body: nn.Module) -> None:
        """Wrap ``body``, which keeps the map's shape."""
        super().__init__()
        self.body = body
        self.add = Add()

    def forward(self, x: Tensor) -> Tensor:
        """Return x + body(x)."""
        return self.add(x, self.body(x))


class FaceDetector(nn.Module):
    """An anchor-free detector on maps of strides 8, 16 and 32, merged top-down.

    Up to stride 4 convolutions are dense: with few channels, int8 kernels of dense convolutions
    are as fast as of depthwise ones. From stride 8 on they are separable. For the output code see
    ``face_affect.core.detection_head``.
    """

    STRIDES = (8, 16, 32)

    def __init__(self, width: int = 64, deep: int = 72) -> None:
        """Build with ``width`` channels at stride 8 and after the merge, ``deep`` below."""
        super().__init__()
        self.fine = nn.Sequential(
            _dense(3, 16, 2),
            _dense(16, 32, 2),
            Residual(_dense(32, 32)),
            _dense(32, width, 2),
            Residual(_depthwise(width, width)),
            Residual(_depthwise(width, width)),
        )
        self.middle = nn.Sequential(
            _depthwise(width, deep, 2),
            Residual(_depthwise(deep, deep)),
            Residual(_depthwise(deep, deep)),
        )
        self.coarse = nn.Sequential(
            _depthwise(deep, deep, 2),
            Residual(_depthwise(deep, deep)),
            Residual(_depthwise(deep, deep)),
            _dense(deep, width, kernel=1),
        )
        self.lateral = _dense(deep, width, kernel=1)
        self.up, self.add = Upsample(), Add()
        self.merge_middle = _depthwise(width, width)
        self.merge_fine = _depthwise(width, width)
        self.before_answers = nn.ModuleList(_depthwise(width, width) for _ in self.STRIDES)
        self.answers = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, outputs, 1) for outputs in (1, 4, 10))
            for _ in self.STRIDES
        )
        for score, _, _ in self.answers:
            nn.init.constant_(score.bias, -4.6)  # prior probability of a face: 0.01

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return nine maps: score [B, 1, h, w], box [B, 4, h, w], points [B, 10, h, w]."""
        fine = self.fine(image)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        lateral = self.lateral(middle)
        middle = self.merge_middle(self.add(lateral, self.up(coarse, lateral)))
        fine = self.merge_fine(self.add(fine, self.up(middle, fine)))
        maps = [
            before(features)
            for before, features in zip(self.before_answers, (fine, middle, coarse))
        ]
        return tuple(
            answer(features) for features, answers in zip(maps, self.answers) for answer in answers
        )


def mini_residual(classes: int) -> nn.Module:
    """Build a residual network of the size of mini-Xception, suited for int8 kernels.

    It has dense convolutions at few channels, separable ones on small maps, and strides instead
    of pooling.
    """
    return nn.Sequential(
        _dense(1, 16),
        _dense(16, 32, 2),
        Residual(_dense(32, 32)),
        _dense(32, 64, 2),
        Residual(_depthwise(64, 64)),
        Residual(_depthwise(64, 64)),
        _depthwise(64, 128, 2),
        Residual(_depthwise(128, 128)),
        Residual(_depthwise(128, 128)),
        nn.Conv2d(128, classes, 1),
        GlobalAveragePool(),
    )


def residual(classes: int) -> nn.Module:
    """Build a residual network of dense convolutions, ten times as large as mini-residual."""

    def pair(width: int) -> Residual:
        return Residual(nn.Sequential(*_dense(width, width), *_dense(width, width)))

    return nn.Sequential(
        _dense(1, 32),
        _dense(32, 48, 2),
        pair(48),
        _dense(48, 96, 2),
        pair(96),
        pair(96),
        _dense(96, 144, 2),
        pair(144),
        nn.Conv2d(144, classes, 1),
        GlobalAveragePool(),
    )


def sequential_cnn(classes: int) -> nn.Module:
    """Build a sequential fully-convolutional network like the one of Arriaga et al. 2017.

    About 600,000 parameters and no fully connected layer; without dropout.
    """
    layers: list[nn.Module] = []
    inputs = 1
    for outputs, kernel in ((16, 7), (32, 5), (64, 3), (128, 3)):
        layers += [
            SameConvolution(inputs, outputs, kernel),
            nn.BatchNorm2d(outputs),
            *_dense(outputs, outputs, kernel=kernel),
            nn.AvgPool2d(2),
        ]
        inputs = outputs
    return nn.Sequential(
        *layers,
        SameConvolution(inputs, 256, 3),
        nn.BatchNorm2d(256),
        nn.Conv2d(256, classes, 3, padding=1),
        GlobalAveragePool(),
    )


DETECTORS: dict[str, Callable[[], nn.Module]] = {'face_detector': FaceDetector}
CLASSIFIERS: dict[str, Callable[[int], nn.Module]] = {
    'mini_residual': mini_residual,
    'mini_xception': mini_xception,
    'residual': residual,
    'sequential_cnn': sequential_cnn,
}
TEACHERS: dict[str, Callable[[int], nn.Module]] = {
    'resnet18': resnet18,
    'se_resnet18': se_resnet18,
    'vgg13': vgg13,
}


def build(architecture: str, *arguments: int) -> nn.Module:
    """Return the untrained network of that name; a classifier needs its number of outputs.

    Raises:
        ValueError: the name is unknown.

    """
    known: dict[str, Callable[..., nn.Module]] = {**CLASSIFIERS, **DETECTORS, **TEACHERS}
    if architecture not in known:
        raise ValueError(f'unknown architecture {architecture!r}; known are {sorted(known)}')
    return known[architecture](*arguments)


def parameter_count(model: nn.Module) -> int:
    """Count weights and normalisation statistics, like Keras and the paper."""
    numbers = [
        value
        for name, value in model.state_dict().items()
        if not name.endswith('num_batches_tracked')
    ]
    return sum(value.numel() for value in numbers)


def mac_count(model: nn.Module, shape: tuple[int, int, int]) -> int:
    """Count the multiply-accumulates of all convolutions for an input of ``shape`` [C, H, W]."""
    total = 0

    def add(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output[0].numel() * module.weight[0].numel()

    hooks = [
        module.register_forward_hook(add)
        for module in model.modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():
        model.eval()(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    return total


def predict(model: nn.Module, images: Tensor, device: torch.device) -> Tensor:
    """Return the logits f32 [N, C] of ``images`` f32 [N, 1, S, S], computed on ``device``."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(part.to(device)).cpu() for part in images.split(256)])
