# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Inference time of each int8 network, and the int8 throughput of this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path
import time

import numpy as np
from numpy.typing import NDArray

from face_affect.core.models import available_models, DETECTION, InputFormat, Sidecar
from face_affect.core.runtime import Network

# A network of dense 1x1 convolutions, see make_int8_rate, for the throughput of a machine
RATE_NETWORK = Path(__file__).parent / 'int8_rate.tflite'
RATE_SIDE, RATE_CHANNELS, RATE_LAYERS = 64, 256, 2
RATE_MACS = RATE_SIDE**2 * RATE_CHANNELS * (3 + RATE_LAYERS * RATE_CHANNELS)


def time_networks(seconds: float) -> dict[str, dict[str, float]]:
    """Return 'macs', 'parameters' and median 'seconds' per image of each int8 network."""
    rng = np.random.default_rng(0)
    outcome = {}
    for sidecar in available_models():
        if not sidecar.quantisation.startswith('int8'):
            continue
        network = Network(sidecar)
        pixels = rng.integers(0, 256, sidecar.input.shape[1:], dtype=np.uint8)
        outcome[sidecar.name] = {
            'macs': sidecar.macs,
            'parameters': sidecar.parameters,
            'seconds': _median_time(network, pixels, seconds),
        }
    return outcome


def int8_rate(seconds: float) -> float:
    """Return the int8 multiply-accumulates per second of this machine with LiteRT."""
    content = RATE_NETWORK.read_bytes()
    sidecar = Sidecar(
        path=RATE_NETWORK.with_suffix('.json'),
        name='int8_rate',
        task=DETECTION,
        sha256=hashlib.sha256(content).hexdigest(),
        labels=(),
        input=InputFormat(RATE_SIDE, RATE_SIDE, 'rgb', 1 / 255, 0.0),
        quantisation='int8',
        parameters=0,
        macs=RATE_MACS,
        licence='Apache-2.0',
    )
    pixels = np.random.default_rng(0).integers(0, 256, (RATE_SIDE, RATE_SIDE, 3), dtype=np.uint8)
    return RATE_MACS / _median_time(Network(sidecar), pixels, seconds)


def _median_time(network: Network, pixels: NDArray[np.uint8], seconds: float) -> float:
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        network(pixels)
        times.append(time.perf_counter() - start)
    return float(np.median(times))
