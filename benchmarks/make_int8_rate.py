# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Generate int8_rate.tflite, a network of dense int8 multiplications.

    python -m benchmarks.make_int8_rate

Its throughput is the upper bound for int8 networks on a machine. Needs the packages of training.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from torch import nn

from benchmarks.networks import RATE_CHANNELS, RATE_LAYERS, RATE_NETWORK, RATE_SIDE
from training.export.tensorflow_lite import to_int8, to_tensorflow
from training.models.architectures import GlobalAveragePool


def main() -> int:
    """Write the file."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, RATE_CHANNELS, 1), nn.ReLU()]
    for _ in range(RATE_LAYERS):
        layers += [nn.Conv2d(RATE_CHANNELS, RATE_CHANNELS, 1), nn.ReLU()]
    model = nn.Sequential(*layers, GlobalAveragePool())
    pictures = np.random.default_rng(0).random((8, 3, RATE_SIDE, RATE_SIDE), dtype=np.float32)
    function = to_tensorflow(model, (RATE_SIDE, RATE_SIDE, 3))
    RATE_NETWORK.write_bytes(to_int8(function, pictures))
    return 0


if __name__ == '__main__':
    sys.exit(main())
