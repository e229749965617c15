# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Guided back-propagation (Springenberg et al. 2015), in PyTorch and as TensorFlow operations.

The gradient of a class's score by the image, in which a ReLU passes back only positive gradients
of positive activations. PyTorch's is the reference; TensorFlow's is written operation by
operation, since TensorFlow Lite has no builtin operations for the gradients of ReLU, maximum
pooling and depthwise convolution.
"""

from __future__ import annotations

import torch
from torch import fx, nn, Tensor

from training.export.tensorflow_lite import folded, forward, output_nodes, padding_of, tf
from training.models.architectures import Add, GlobalAveragePool, MaxPoolSame


def _guide(module: nn.Module, gradients: tuple[Tensor], _: tuple[Tensor]) -> tuple[Tensor]:
    return (gradients[0].clamp(min=0),)


def input_gradient(
    model: nn.Module, images: Tensor, classes: Tensor, guided: bool = True
) -> Tensor:
    """Return the guided gradient f32 [N, 1, S, S], by PyTorch.

    Args:
        model: a classifier.
        images: f32 [N, 1, S, S] in 0..1.
        classes: int64 [N], the classes whose scores are explained.
        guided: false for the plain gradient.

    """
    hooks = [
        module.register_full_backward_hook(_guide)
        for module in model.modules()
        if guided and isinstance(module, nn.ReLU)
    ]
    images = images.clone().requires_grad_()
    score = model.eval()(images).gather(1, classes[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, images)
    for hook in hooks:
        hook.remove()
    return gradient


def guided_function(
    model: nn.Module, size: int, classes: int
) -> tf.types.experimental.ConcreteFunction:
    """Return ``image, class -> logits, guided gradient`` with frozen weights.

    Image and gradient are f32 [1, S, S, 1]; the class is one-hot, f32 [1, C].
    """
    graph = folded(model.cpu())
    modules = dict(graph.named_modules())

    @tf.function(
        input_signature=[
            tf.TensorSpec((1, size, size, 1), tf.float32, name='image'),
            tf.TensorSpec((1, classes), tf.float32, name='label'),
        ]
    )
    def network(image: tf.Tensor, label: tf.Tensor) -> list[tf.Tensor]:
        values = forward(graph, image)
        (logits,) = output_nodes(graph)
        gradients: dict[fx.Node, tf.Tensor] = {logits: label}
        for node in reversed(graph.graph.nodes):
            if node.op == 'placeholder':
                return [values[logits], gradients[node]]
            if node.op == 'call_module':
                for argument in node.args:
                    part = _backward(
                        modules[node.target], values[argument], values[node], gradients[node]
                    )
                    known = gradients.get(argument)
                    gradients[argument] = part if known is None else known + part
        raise ValueError('the network has no input')

    return network.get_concrete_function()


def _backward(module: nn.Module, x: tf.Tensor, y: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Return the gradient by ``x`` of ``y = module(x, ...)``, from the gradient by ``y``."""
    if isinstance(module, nn.Conv2d) and module.groups == 1:
        kernel = module.weight.detach().cpu().numpy().transpose(2, 3, 1, 0)
        return tf.nn.conv2d_transpose(
            gradient, kernel, x.shape, [1, *module.stride, 1], padding_of(module)
        )
    if isinstance(module, nn.Conv2d):
        return _depthwise_backward(module, x, gradient)
    if isinstance(module, nn.ReLU):
        return tf.where(y > 0, tf.nn.relu(gradient), 0.0)
    if isinstance(module, MaxPoolSame):
        return _maximum_backward(x, y, gradient)
    if isinstance(module, nn.AvgPool2d):
        return _interleaved(*[gradient / module.kernel_size**2] * 4)
    if isinstance(module, Add):
        return gradient
    if isinstance(module, GlobalAveragePool):
        return tf.broadcast_to(_mean_backward(x, gradient), x.shape)
    raise TypeError(f'no gradient for {type(module).__name__}; add it to _backward')


def _mean_backward(x: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Return the gradient of the mean, divided by the number of pixels at run time.

    A constant divisor would be stored as float16, in which 1 / 36 is not exact.
    """
    height, width = x.shape[1:3]
    corner = tf.pad(gradient[:, None, None], [[0, 0], [0, height - 1], [0, width - 1], [0, 0]])
    return tf.reduce_mean(corner, axis=(1, 2), keepdims=True)


def _interleaved(even: tf.Tensor, right: tf.Tensor, below: tf.Tensor, odd: tf.Tensor) -> tf.Tensor:
    """Return a map of twice the size, whose 2x2 blocks have one pixel of each map."""
    return tf.nn.depth_to_space(tf.concat([even, right, below, odd], axis=3), 2)


def _padding_before(size: int, kernel: int, stride: int) -> int:
    """Return the padding of SAME before the first pixel."""
    return max((-(-size // stride) - 1) * stride + kernel - size, 0) // 2


def _depthwise_backward(module: nn.Conv2d, x: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Return the transposed convolution: with the rotated kernel, zeros between strides."""
    kernel = module.weight.detach().cpu().numpy()[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
    side, stride = len(kernel), module.stride[0]
    if stride == 2:
        zero = tf.zeros_like(gradient)
        gradient = _interleaved(gradient, zero, zero, zero)
    padding = [[0, 0]]
    for size, have in zip(x.shape[1:3], gradient.shape[1:3]):
        before = side - 1 - _padding_before(size, side, stride)
        padding.append([before, max(size + side - 1 - before - have, 0)])
    padded = tf.pad(gradient, [*padding, [0, 0]])
    found = tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], 'VALID')
    return found[:, : x.shape[1], : x.shape[2]]


def _maximum_backward(x: tf.Tensor, y: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """Assign each window's gradient to its maximum, the first of equal ones as in PyTorch."""
    (height, width), (rows, columns) = x.shape[1:3], y.shape[1:3]
    top, left = _padding_before(height, 3, 2), _padding_before(width, 3, 2)
    padded = tf.pad(
        x,
        [
            [0, 0],
            [top, 2 * rows + 1 - height - top],
            [left, 2 * columns + 1 - width - left],
            [0, 0],
        ],
        constant_values=tf.float16.min,
    )
    parts: dict[tuple[int, int], tf.Tensor] = {}
    for row in range(3):
        for column in range(3):
            pixels = padded[:, row : row + 2 * rows - 1 : 2, column : column + 2 * columns - 1 : 2]
            hit = pixels >= y
            parts[row, column] = tf.where(hit, gradient, 0.0)
            gradient = tf.where(hit, 0.0, gradient)

    def overlapped(row: int) -> list[tf.Tensor]:
        """Return even and odd pixels of a row: a window's third is the first of the next."""
        return [
            tf.pad(parts[row, 0], [[0, 0], [0, 0], [0, 1], [0, 0]])
            + tf.pad(parts[row, 2], [[0, 0], [0, 0], [1, 0], [0, 0]]),
            tf.pad(parts[row, 1], [[0, 0], [0, 0], [0, 1], [0, 0]]),
        ]

    below, above = [[0, 0], [0, 1], [0, 0], [0, 0]], [[0, 0], [1, 0], [0, 0], [0, 0]]
    first, second, third = (overlapped(row) for row in range(3))
    even = [tf.pad(a, below) + tf.pad(b, above) for a, b in zip(first, third)]
    odd = [tf.pad(a, below) for a in second]
    return _interleaved(*even, *odd)[:, top : top + height, left : left + width]
