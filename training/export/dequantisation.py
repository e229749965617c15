# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Dequantisation of an int8 .tflite to a float network with its weights.

Activations are not quantised. Gradients are thus computed with the weights of the deployed
network, and need no other files.
"""

from __future__ import annotations

from collections import defaultdict, deque
import copy

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils
import torch
from torch import fx, nn

from face_affect.core.models import Sidecar
from training.export.pixel_folding import is_folded, unfold_kernel
from training.export.tensorflow_lite import folded
from training.models.architectures import build

CONVOLUTIONS = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)

# Kernel shape in PyTorch's layout [O, I, h, w], and stride
Key = tuple[tuple[int, ...], int]
Weights = tuple[NDArray[np.float32], NDArray[np.float32]]


def dequantised(sidecar: Sidecar) -> fx.GraphModule:
    """Return the classifier of ``sidecar`` in float with folded batch normalisation.

    Weights and biases are rounded to half precision, in which they can be stored: the error is
    small compared with the int8 steps.

    Raises:
        ModelError: the .tflite is missing or altered.
        ValueError: its convolutions are not those of the architecture in the sidecar.

    """
    architecture = sidecar.training['recipe']['architecture']
    network = folded(build(architecture, sidecar.logits))
    known = _convolutions(sidecar.network_bytes())
    for node in network.graph.nodes:
        module = dict(network.named_modules()).get(node.target)
        if node.op != 'call_module' or not isinstance(module, nn.Conv2d):
            continue
        key = (tuple(module.weight.shape), module.stride[0])
        if not known[key]:
            raise ValueError(
                f'{sidecar.tflite} has no convolution of shape and stride {key}, which '
                f'{architecture} needs'
            )
        weight, bias = known[key].popleft()
        module.weight = nn.Parameter(torch.from_numpy(weight).half().float())
        module.bias = nn.Parameter(torch.from_numpy(bias).half().float())
    if any(known.values()):
        raise ValueError(f'{sidecar.tflite} has more convolutions than {architecture}')
    return network.eval()


def with_answering_head(network: fx.GraphModule, sidecar: Sidecar) -> fx.GraphModule:
    """Return a copy of the ``dequantised`` network with the selected head only."""
    reduced = copy.deepcopy(network)
    last = [module for module in reduced.modules() if isinstance(module, nn.Conv2d)][-1]
    assert last.bias is not None
    last.weight = nn.Parameter(last.weight[sidecar.answer])
    last.bias = nn.Parameter(last.bias[sidecar.answer])
    return reduced


def _convolutions(content: bytes) -> dict[Key, deque[Weights]]:
    """Return weight and bias of all convolutions by key, in order of execution."""
    model = flatbuffer_utils.convert_bytearray_to_object(content)
    (graph,) = model.subgraphs
    found: dict[Key, deque[Weights]] = defaultdict(deque)
    for position, operator in enumerate(graph.operators):
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code not in CONVOLUTIONS:
            continue
        weight, bias = (_real(model, graph.tensors[index]) for index in operator.inputs[1:3])
        options = operator.builtinOptions
        if position == 1 and is_folded(model):
            channels = graph.tensors[graph.inputs[0]].shape[3]
            weight = unfold_kernel(
                weight, channels, options.strideH, options.padding == schema.Padding.SAME
            )
            bias = bias[: len(weight)]
        depthwise = code == schema.BuiltinOperator.DEPTHWISE_CONV_2D
        weight = weight.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)).copy()
        found[weight.shape, options.strideH].append((weight, bias))
    return found


def _real(model: schema.ModelT, tensor: schema.TensorT) -> NDArray[np.float32]:
    kind = np.int8 if tensor.type == schema.TensorType.INT8 else np.int32
    values = model.buffers[tensor.buffer].data.view(kind).reshape(tensor.shape)
    scales = np.asarray(tensor.quantization.scale, dtype=np.float32)
    shape = [1] * values.ndim
    shape[tensor.quantization.quantizedDimension] = -1
    return values.astype(np.float32) * scales.reshape(shape)
