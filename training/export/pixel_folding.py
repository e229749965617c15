# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Folding of adjacent pixels into channels for the first convolution of an int8 .tflite.

Its input has one or three channels. Matrix units (Intel AMX) process rows of 64 bytes and 64
output channels; with few channels they are poorly used, and the first convolution takes half of
a network's time. A row of W pixels with C channels has the same memory layout as W / f groups
with f * C channels, so that an equivalent convolution maps groups to groups; its kernel has
shifted copies of the weights, and zeros elsewhere. The outputs are bit-identical.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

# Maximum output channels of a group: the width of a matrix unit
WIDEST = 64
MOST_CHANNELS = 3  # With more input channels, the zeros cost more than is gained.

Kernel = NDArray[Any]


def fold_first_convolution(content: bytes) -> bytes:
    """Return the network ``content`` with its first convolution folded, if possible."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (graph,) = model.subgraphs
    convolution = graph.operators[0]
    index_in, index_out = convolution.inputs[0], convolution.outputs[0]
    if (
        _code(model, convolution) != schema.BuiltinOperator.CONV_2D
        or graph.tensors[index_in].shape[3] > MOST_CHANNELS
    ):
        return content
    kernel = graph.tensors[convolution.inputs[1]]
    weights = model.buffers[kernel.buffer].data.view(np.int8).reshape(kernel.shape)
    options = convolution.builtinOptions
    stride, same = options.strideW, options.padding == schema.Padding.SAME
    widths = graph.tensors[index_in].shape[2], graph.tensors[index_out].shape[2]
    for outputs in range(WIDEST // len(weights), 1, -1):
        folded = fold_kernel(weights, outputs, stride, same)
        groups, rest = divmod(widths[0], outputs * stride)
        answers = groups if same else groups - folded.shape[2] + 1
        if not rest and answers * outputs == widths[1]:
            break
    else:
        return content
    _set_kernel(model, convolution, folded, outputs)
    options.strideW = 1
    convolution.inputs[0] = _regrouped(graph, index_in, outputs * stride)
    convolution.outputs[0] = _regrouped(graph, index_out, outputs)
    graph.operators = [
        _reshape(model, index_in, convolution.inputs[0]),
        convolution,
        _reshape(model, convolution.outputs[0], index_out),
        *graph.operators[1:],
    ]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def is_folded(model: schema.ModelT) -> bool:
    """Return whether the second operator is a folded convolution."""
    return _code(model, model.subgraphs[0].operators[0]) == schema.BuiltinOperator.RESHAPE


def fold_kernel(kernel: Kernel, outputs: int, stride: int, same: bool) -> Kernel:
    """Return the kernel that computes ``outputs`` adjacent output pixels at once.

    Args:
        kernel: [O, h, w, C].
        outputs: number of output pixels.
        stride: of the convolution, in pixels of the input.
        same: whether the convolution pads like TensorFlow's SAME, else it does not pad.

    Returns:
        [outputs * O, h, groups, pixels * C], where a group has ``outputs * stride`` pixels.

    """
    channels_out, height, width, channels = kernel.shape
    pixels = outputs * stride
    before = max(width - stride, 0) // 2 if same else 0
    first, last = -before // pixels, (pixels - stride + width - 1 - before) // pixels
    # SAME pads both sides equally, an odd pixel at the end.
    groups = max(last + 1, 1 - 2 * first)
    folded = np.zeros((outputs, channels_out, height, groups, pixels, channels), kernel.dtype)
    for output in range(outputs):
        for column in range(width):
            group, pixel = divmod(output * stride + column - before, pixels)
            folded[output, :, :, group - first, pixel] = kernel[:, :, column]
    return folded.reshape(outputs * channels_out, height, groups, pixels * channels)


def unfold_kernel(folded: Kernel, channels: int, stride: int, same: bool) -> Kernel:
    """Invert ``fold_kernel`` for square kernels; ``channels`` is that of the original input."""
    height = width = folded.shape[1]
    pixels = folded.shape[3] // channels
    before = max(width - stride, 0) // 2 if same else 0
    # The kernel of the first output pixel is complete.
    one = folded[: len(folded) * stride // pixels].reshape(
        -1, height, folded.shape[2] * pixels, channels
    )
    start = -(-before // pixels) * pixels - before
    return one[:, :, start : start + width]


def _code(model: schema.ModelT, operator: schema.OperatorT) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _set_kernel(
    model: schema.ModelT, convolution: schema.OperatorT, folded: Kernel, outputs: int
) -> None:
    (graph,) = model.subgraphs
    kernel, bias = (graph.tensors[index] for index in convolution.inputs[1:3])
    values = model.buffers[bias.buffer].data.view(np.int32)
    kernel.shape, bias.shape = list(folded.shape), [len(values) * outputs]
    model.buffers[kernel.buffer].data = folded.reshape(-1).view(np.uint8)
    model.buffers[bias.buffer].data = np.tile(values, outputs).view(np.uint8)
    for tensor in (kernel, bias):
        quantisation = tensor.quantization
        quantisation.scale = np.tile(quantisation.scale, outputs)
        quantisation.zeroPoint = np.tile(quantisation.zeroPoint, outputs)


def _regrouped(graph: schema.SubGraphT, index: int, pixels: int) -> int:
    """Add a tensor like ``index`` with ``pixels`` of a row folded; return its index."""
    like = graph.tensors[index]
    one, height, width, channels = like.shape
    tensor = schema.TensorT()
    tensor.shape = [one, height, width // pixels, pixels * channels]
    tensor.type, tensor.quantization, tensor.name = (
        like.type,
        like.quantization,
        like.name + b' grouped',
    )
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _reshape(model: schema.ModelT, source: int, target: int) -> schema.OperatorT:
    """Return an operator that reshapes tensor ``source`` to ``target``."""
    (graph,) = model.subgraphs
    shape = np.array(graph.tensors[target].shape, dtype=np.int32)
    buffer = schema.BufferT()
    buffer.data = shape.view(np.uint8)
    model.buffers.append(buffer)
    constant = schema.TensorT()
    constant.shape, constant.type, constant.name = [4], schema.TensorType.INT32, b'shape'
    constant.buffer = len(model.buffers) - 1
    graph.tensors.append(constant)
    operator = schema.OperatorT()
    operator.opcodeIndex = _operator_code(model, schema.BuiltinOperator.RESHAPE)
    operator.inputs, operator.outputs = [source, len(graph.tensors) - 1], [target]
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = schema.ReshapeOptionsT()
    operator.builtinOptions.newShape = shape
    return operator


def _operator_code(model: schema.ModelT, builtin: int) -> int:
    for index, known in enumerate(model.operatorCodes):
        if known.builtinCode == builtin:
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
