# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conversion of a trained PyTorch network to TensorFlow operations and full-int8 TFLite.

Batch normalisation is folded, the graph is traced with torch.fx, and every module becomes one
builtin operation in NHWC.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
import torch
from torch import fx, nn

from training.models.architectures import (
    Add,
    GlobalAveragePool,
    MaxPoolSame,
    SameConvolution,
    Upsample,
)

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

OWN_MODULES = (Add, GlobalAveragePool, MaxPoolSame, SameConvolution, Upsample)


def folded(model: nn.Module) -> fx.GraphModule:
    """Trace ``model`` down to known modules and fold batch normalisation."""

    class Tracer(fx.Tracer):
        def is_leaf_module(self, module: nn.Module, name: str) -> bool:
            return isinstance(module, OWN_MODULES) or super().is_leaf_module(module, name)

    model = model.eval()
    traced = fx.GraphModule(model, Tracer().trace(model))
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        if node.op == 'call_module' and isinstance(modules[node.target], nn.BatchNorm2d):
            convolution = node.args[0]
            traced.set_submodule(
                convolution.target,
                nn.utils.fusion.fuse_conv_bn_eval(
                    modules[convolution.target], modules[node.target]
                ),
            )
            node.replace_all_uses_with(convolution)
            traced.graph.erase_node(node)
    traced.recompile()
    return traced


def padding_of(module: nn.Conv2d) -> str:
    """Return TensorFlow's name of the padding of ``module``."""
    valid = module.padding == (0, 0) and not isinstance(module, SameConvolution)
    return 'VALID' if valid and module.kernel_size != (1, 1) else 'SAME'


def _convolution(module: nn.Conv2d, x: tf.Tensor) -> tf.Tensor:
    kernel = module.weight.detach().cpu().numpy()
    strides = [1, *module.stride, 1]
    padding = padding_of(module)
    if module.groups == 1:
        y = tf.nn.conv2d(x, kernel.transpose(2, 3, 1, 0), strides, padding)
    else:
        y = tf.nn.depthwise_conv2d(x, kernel.transpose(2, 3, 0, 1), strides, padding)
    return y if module.bias is None else y + module.bias.detach().cpu().numpy()


def _operation(module: nn.Module, *inputs: tf.Tensor) -> tf.Tensor:
    if isinstance(module, nn.Conv2d):
        return _convolution(module, *inputs)
    if isinstance(module, nn.ReLU):
        return tf.nn.relu(*inputs)
    if isinstance(module, MaxPoolSame):
        return tf.nn.max_pool2d(*inputs, 3, 2, 'SAME')
    if isinstance(module, nn.AvgPool2d):
        return tf.nn.avg_pool2d(*inputs, module.kernel_size, module.stride, 'VALID')
    if isinstance(module, Add):
        return tf.add(*inputs)
    if isinstance(module, Upsample):
        x, like = inputs
        return tf.image.resize(x, like.shape[1:3], 'bilinear')
    if isinstance(module, GlobalAveragePool):
        return tf.reduce_mean(*inputs, axis=(1, 2))
    raise TypeError(f'no TensorFlow operation for {type(module).__name__}; add it to _operation')


def output_nodes(graph: fx.GraphModule) -> tuple[fx.Node, ...]:
    """Return the nodes that ``graph`` returns."""
    (output,) = (node for node in graph.graph.nodes if node.op == 'output')
    outputs = output.args[0]
    return outputs if isinstance(outputs, tuple) else (outputs,)


def forward(graph: fx.GraphModule, image: tf.Tensor) -> dict[fx.Node, tf.Tensor]:
    """Return what every node of ``graph``, see ``folded``, makes of ``image`` [1, H, W, C]."""
    modules = dict(graph.named_modules())
    values: dict[fx.Node, tf.Tensor] = {}
    for node in graph.graph.nodes:
        if node.op == 'placeholder':
            values[node] = image
        elif node.op == 'call_module':
            values[node] = _operation(
                modules[node.target], *(values[argument] for argument in node.args)
            )
    return values


def to_tensorflow(
    model: nn.Module, shape: tuple[int, int, int]
) -> tf.types.experimental.ConcreteFunction:
    """Return ``image f32 [1, H, W, C] -> outputs`` with frozen weights.

    ``shape`` is (H, W, C); the outputs are those of ``model`` with channels last, as a list.
    """
    graph = folded(model.cpu())

    @tf.function(input_signature=[tf.TensorSpec((1, *shape), tf.float32, name='image')])
    def network(image: tf.Tensor) -> list[tf.Tensor]:
        values = forward(graph, image)
        return [values[output] for output in output_nodes(graph)]

    return network.get_concrete_function()


def to_int8(
    function: tf.types.experimental.ConcreteFunction, calibration: NDArray[np.float32]
) -> bytes:
    """Return the network as full-int8 TFLite with int8 input and int8 outputs.

    ``calibration`` f32 [N, C, H, W] in 0..1: training images, which determine the ranges of all
    activations.
    """
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [image.transpose(1, 2, 0)[None]] for image in calibration
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def to_float16(function: tf.types.experimental.ConcreteFunction) -> bytes:
    """Return the network as TFLite with float16 weights and float32 arithmetic."""
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.target_spec.supported_types = [tf.float16]
    model = flatbuffer_utils.convert_bytearray_to_object(converter.convert())
    # This entry permits float16 arithmetic on processors that support it.
    model.metadata = [
        entry for entry in model.metadata if entry.name != b'reduced_precision_support'
    ]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def largest_difference(
    model: nn.Module, function: tf.types.experimental.ConcreteFunction, images: NDArray[np.float32]
) -> float:
    """Return the maximum absolute difference of outputs between TensorFlow and PyTorch.

    ``images`` f32 [N, C, H, W] are the inputs. NaN if an output is NaN.
    """
    largest = 0.0
    for image in images:
        with torch.inference_mode():
            answer = model.eval()(torch.from_numpy(image[None]))
        expected = answer if isinstance(answer, tuple) else (answer,)
        found = function(tf.constant(image.transpose(1, 2, 0)[None]))
        for ours, theirs in zip(expected, found):
            channels_last = ours.movedim(1, -1).numpy()
            # np.maximum propagates NaN, unlike max.
            largest = float(np.maximum(largest, np.abs(channels_last - theirs).max()))
    return largest
