# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Several heads on one trunk, whose outputs are concatenated in one tensor.

A head is a convolution and the mean over its map, so that all heads together are one
convolution with more output channels.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

Weights = dict[str, Tensor]


def by_head(outputs: Tensor, heads: int) -> Tensor:
    """Return ``outputs`` [B, heads * C] as [B, heads, C]."""
    return outputs.view(len(outputs), heads, -1)


def with_heads(weights: Weights, had: Sequence[str], wanted: Sequence[str]) -> Weights:
    """Return a classifier's ``weights`` with the heads ``wanted`` in place of ``had``.

    A new head is initialised with the weights of the first one.
    """
    rows = [had.index(name) if name in had else 0 for name in wanted]
    *_, weight, bias = weights  # names of the last layer's tensors
    return {
        **weights,
        **{
            name: weights[name].unflatten(0, (len(had), -1))[rows].flatten(0, 1)
            for name in (weight, bias)
        },
    }
