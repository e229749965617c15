# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Change of the input size of a fully convolutional .tflite, with the same weights and scales.

Convolutions are independent of the size. Only the recorded shapes of activations, and the
constants of resize and reshape operations, must be changed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

LARGEST_STRIDE = 32


def with_input_size(content: bytes, width: int, height: int) -> bytes:
    """Return the network ``content`` for an input of ``width``x``height`` pixels.

    Raises:
        ValueError: the size of an activation has no stride from 1 to LARGEST_STRIDE.

    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (graph,) = model.subgraphs
    _, old_height, old_width, _ = graph.tensors[graph.inputs[0]].shape
    rows, columns = _sizes(old_height, height), _sizes(old_width, width)

    def resized(shape: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the new shape for [N, H, W, C] or [H, W]."""
        first = 1 if len(shape) == 4 else 0
        try:
            size = rows[int(shape[first])], columns[int(shape[first + 1])]
        except KeyError as error:
            raise ValueError(
                f'cannot resize an activation of shape {shape.tolist()}: its size must be '
                f'{old_width}x{old_height} divided by a stride of 1 to {LARGEST_STRIDE}'
            ) from error
        new = np.array(shape, dtype=np.int32)
        new[first : first + 2] = size
        return new

    sizes, activations = set[int](), set(graph.inputs)
    for operator in graph.operators:
        activations |= set(operator.outputs)
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code in (schema.BuiltinOperator.RESIZE_BILINEAR, schema.BuiltinOperator.RESHAPE):
            sizes.add(graph.tensors[operator.inputs[1]].buffer)
            if code == schema.BuiltinOperator.RESHAPE and operator.builtinOptions is not None:
                operator.builtinOptions.newShape = resized(operator.builtinOptions.newShape)
    for index in sizes:
        buffer = model.buffers[index]
        numbers = np.frombuffer(bytes(buffer.data), dtype=np.int32)
        buffer.data = np.frombuffer(resized(numbers).tobytes(), dtype=np.uint8)
    for index in activations:
        graph.tensors[index].shape = resized(graph.tensors[index].shape)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _sizes(old: int, new: int) -> dict[int, int]:
    """Return the map from old to new sizes of activations for the input sizes in pixels."""
    strides = [2**power for power in range(LARGEST_STRIDE.bit_length())]
    return {-(-old // stride): -(-new // stride) for stride in strides}
