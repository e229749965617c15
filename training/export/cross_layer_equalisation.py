# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Cross-layer equalisation, for networks with one int8 scale per activation tensor.

See Nagel et al. 2019, Data-Free Quantization: a channel between two convolutions may be divided
by any positive number if the next convolution multiplies by it, also through a ReLU. The function
of the network is unchanged, and a channel with a range thirty times that of the others no longer
leaves them a few of the 256 quantisation steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
import copy

import numpy as np
from numpy.typing import NDArray
import torch
from torch import fx, nn, Tensor

from training.export.tensorflow_lite import folded

BATCH = 16
# Lower limit of a channel's range, relative to the widest one
NARROWEST = 0.01
TINY = torch.finfo(torch.float32).tiny  # replaces a range of zero


def equalised(model: nn.Module, pictures: NDArray[np.float32]) -> fx.GraphModule:
    """Return ``model`` with batch normalisation folded and its channels equalised.

    For each channel between two convolutions, the range of its activations over ``pictures`` f32
    [N, C, H, W] and that of the weights of the next convolution become equal. The weights of a
    depthwise convolution have a scale per channel, so that only activations are equalised there.
    """
    graph = folded(copy.deepcopy(model).cpu())
    with torch.no_grad():
        ranges = _ranges(graph, pictures)
        for convolution, node, following in _links(graph):
            factor = _factor(ranges[node], following)
            convolution.weight /= factor[:, None, None, None]
            if convolution.bias is not None:
                convolution.bias /= factor
            for reader in following:
                shape = (-1, 1, 1, 1) if reader.groups > 1 else (1, -1, 1, 1)
                reader.weight *= factor.reshape(shape)
    return graph


def _factor(activations: Tensor, following: list[nn.Conv2d]) -> Tensor:
    """Return the divisors f32 [C] of channels with maximum absolute ``activations`` [C]."""
    activations = activations.clamp(min=max(float(activations.max()) * NARROWEST, TINY))
    dense = [module for module in following if module.groups == 1]
    if not dense:
        return activations / activations.max()
    # Relative to the range of each output channel, which has its own scale.
    sizes = [module.weight.abs().amax((2, 3)) for module in dense]
    parts = torch.cat([size / size.amax(1, keepdim=True).clamp(min=TINY) for size in sizes])
    weights = parts.amax(0)
    return torch.sqrt(activations / weights.clamp(min=NARROWEST))


def _links(graph: fx.GraphModule) -> Iterator[tuple[nn.Conv2d, fx.Node, list[nn.Conv2d]]]:
    """Yield each convolution followed only by convolutions, their input node, and them."""
    modules = dict(graph.named_modules())

    def is_a(node: fx.Node, kind: type[nn.Module]) -> bool:
        return node.op == 'call_module' and isinstance(modules[node.target], kind)

    for node in graph.graph.nodes:
        if not is_a(node, nn.Conv2d):
            continue
        users = list(node.users)
        last = users[0] if len(users) == 1 and is_a(users[0], nn.ReLU) else node
        if last.users and all(is_a(user, nn.Conv2d) for user in last.users):
            yield modules[node.target], last, [modules[user.target] for user in last.users]


def _ranges(graph: fx.GraphModule, pictures: NDArray[np.float32]) -> dict[fx.Node, Tensor]:
    """Return the maximum absolute value [C] of each channel for every map in ``graph``."""
    found: dict[fx.Node, Tensor] = defaultdict(lambda: torch.zeros(1))

    class Watch(fx.Interpreter):
        def run_node(self, node: fx.Node) -> Tensor:
            value: Tensor = super().run_node(node)
            if node.op == 'call_module' and value.ndim == 4:
                found[node] = torch.maximum(found[node], value.abs().amax((0, 2, 3)))
            return value

    for part in torch.from_numpy(pictures).split(BATCH):
        Watch(graph).run(part)
    return found
