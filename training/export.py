"""A trained PyTorch network as TensorFlow operations, and those as full-int8 TFLite.

Batch normalisation is folded, the graph is walked with torch.fx, and every
module becomes one builtin operation in NHWC.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
import torch
from torch import fx, nn

from training.architectures import Add, GlobalAveragePool, MaxPoolSame

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import tensorflow as tf


def _folded(model: nn.Module) -> fx.GraphModule:
    """Trace ``model`` down to known modules and fold batch normalisation."""
    class Tracer(fx.Tracer):
        def is_leaf_module(self, module: nn.Module, name: str) -> bool:
            return isinstance(module, (Add, GlobalAveragePool, MaxPoolSame)) \
                or super().is_leaf_module(module, name)

    model = model.eval()
    traced = fx.GraphModule(model, Tracer().trace(model))
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        if node.op == 'call_module' and isinstance(modules[node.target], nn.BatchNorm2d):
            convolution = node.args[0]
            traced.set_submodule(convolution.target, nn.utils.fusion.fuse_conv_bn_eval(
                modules[convolution.target], modules[node.target]))
            node.replace_all_uses_with(convolution)
            traced.graph.erase_node(node)
    traced.recompile()
    return traced


def _convolution(module: nn.Conv2d, x: tf.Tensor) -> tf.Tensor:
    kernel = module.weight.detach().cpu().numpy()
    strides = [1, *module.stride, 1]
    padding = 'VALID' if module.kernel_size != (1, 1) and module.padding == (0, 0) else 'SAME'
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
    if isinstance(module, Add):
        return tf.add(*inputs)
    if isinstance(module, GlobalAveragePool):
        return tf.reduce_mean(*inputs, axis=(1, 2))
    raise TypeError(f'no TensorFlow operation for {type(module).__name__}')


def to_tensorflow(model: nn.Module, size: int) -> tf.types.experimental.ConcreteFunction:
    """Return ``image f32 [1, size, size, 1] -> logits f32 [1, C]`` with frozen weights."""
    folded = _folded(model.cpu())
    modules = dict(folded.named_modules())

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 1), tf.float32, name='image')])
    def network(image: tf.Tensor) -> tf.Tensor:
        values: dict[fx.Node, tf.Tensor] = {}
        for node in folded.graph.nodes:
            if node.op == 'placeholder':
                values[node] = image
            elif node.op == 'call_module':
                values[node] = _operation(
                    modules[node.target], *(values[argument] for argument in node.args))
            elif node.op == 'output':
                return values[node.args[0]]
        raise ValueError('the network has no output')

    return network.get_concrete_function()


def to_int8(
    function: tf.types.experimental.ConcreteFunction, calibration: NDArray[np.float32]
) -> bytes:
    """Return the network as full-int8 TFLite: int8 in, int8 logits out.

    ``calibration`` f32 [N, 1, S, S] in 0..1: real training pictures, from which the
    ranges of all activations are taken.
    """
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [image.transpose(1, 2, 0)[None]] for image in calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def largest_difference(
    model: nn.Module, function: tf.types.experimental.ConcreteFunction,
    images: NDArray[np.float32]
) -> float:
    """Return how far the TensorFlow logits are from PyTorch's, at most, on ``images``."""
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(images)).numpy()
    found = np.concatenate([function(tf.constant(image.transpose(1, 2, 0)[None]))
                            for image in images])
    return float(np.abs(expected - found).max())
