# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

import numpy as np
import pytest

from face_affect.core import runtime
from face_affect.core.models import available_models, find_model, InputFormat, ModelError, Sidecar
from face_affect.core.runtime import Network


def sidecar_with(scale: float, offset: float) -> Sidecar:
    return Sidecar(
        Path('x.json'),
        'x',
        'emotion',
        '',
        ('a',),
        InputFormat(64, 64, 'gray', scale, offset),
        '',
        1,
        1,
        '',
    )


@pytest.mark.parametrize(
    'kind, quantisation',
    [
        (np.int8, (1 / 255, -128)),
        (np.uint8, (1 / 255, 0)),
        (np.int8, (2 / 255, 0)),
        (np.int8, (0.01, -100)),
    ],
)
@pytest.mark.parametrize('scale, offset', [(1 / 255, 0.0), (2 / 255, -1.0), (1.0, 0.0)])
def test_pixel_values_are_quantised(
    kind: type, quantisation: tuple[float, int], scale: float, offset: float
) -> None:
    found = runtime._pixel_values(
        sidecar_with(scale, offset), {'quantization': quantisation, 'dtype': kind}
    )
    limits = np.iinfo(kind)
    for pixel in range(256):
        expected = round((pixel * scale + offset) / quantisation[0]) + quantisation[1]
        assert found[pixel] == min(max(expected, limits.min), limits.max)
    assert found.dtype == kind


def test_pixel_values_of_a_float_network() -> None:
    found = runtime._pixel_values(
        sidecar_with(2 / 255, -1.0), {'quantization': (0.0, 0), 'dtype': np.float32}
    )
    np.testing.assert_allclose(found[[0, 255]], [-1, 1], atol=1e-6)


@pytest.mark.parametrize('sidecar', available_models(), ids=lambda sidecar: sidecar.name)
def test_network_equals_the_bare_interpreter(sidecar: Sidecar) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, sidecar.input.shape[1:], dtype=np.uint8)
    interpreter: Any = runtime._interpreter_module().Interpreter(
        model_content=sidecar.network_bytes(), num_threads=1
    )
    interpreter.allocate_tensors()
    entry, *further = interpreter.get_input_details()
    others = [rng.random(other['shape'][1:], np.float32) for other in further]
    for other, number in zip(further, others):
        interpreter.set_tensor(other['index'], number[None])
    values = pixels * sidecar.input.scale + sidecar.input.offset
    if entry['dtype'] != np.float32:
        scale, zero = entry['quantization']
        values = np.clip(np.round(values / scale) + zero, -128, 127)
    interpreter.set_tensor(entry['index'], values.astype(entry['dtype'])[None])
    interpreter.invoke()
    network = Network(sidecar)
    for found, details in zip(network(pixels, *others), interpreter.get_output_details()):
        raw = interpreter.get_tensor(details['index'])[0]
        if raw.dtype != np.float32:
            scale, zero = details['quantization']
            raw = (raw.astype(np.float32) - zero) * scale
        np.testing.assert_allclose(found, raw, atol=1e-5)
        assert found.dtype == np.float32


def test_further_inputs_are_demanded() -> None:
    network = Network(find_model('emotion_mini_xception_saliency', 'emotion_saliency'))
    with pytest.raises(ValueError, match='shorter'):
        network(np.zeros((64, 64), np.uint8))


@pytest.mark.parametrize(
    'name, task', [('emotion_mini_xception', 'emotion'), ('gender_mini_xception', 'gender')]
)
def test_classifiers_are_int8(name: str, task: str) -> None:
    network = Network(find_model(name, task))
    assert network._values.dtype == np.int8


def test_results_do_not_change_with_the_next_call() -> None:
    network = Network(find_model('emotion_mini_xception', 'emotion'))
    black = network(np.zeros((64, 64), np.uint8))[0]
    kept = black.copy()
    network(np.full((64, 64), 200, np.uint8))
    np.testing.assert_array_equal(black, kept)


def test_runtime_has_a_name() -> None:
    assert runtime.runtime_name() in ('ai_edge_litert', 'tflite_runtime')


def test_no_runtime_gives_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'ai_edge_litert', None)
    monkeypatch.setitem(sys.modules, 'tflite_runtime', None)
    with pytest.raises(ModelError, match='pip install ai-edge-litert'):
        Network(find_model('emotion_mini_xception', 'emotion'))
