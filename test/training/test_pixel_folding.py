# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest

pytest.importorskip('tensorflow', reason='the export needs TensorFlow')

from ai_edge_litert.interpreter import Interpreter
from random_networks import random_model

from training.export.pixel_folding import fold_first_convolution, fold_kernel, unfold_kernel
from training.export.tensorflow_lite import to_int8, to_tensorflow


def answers(content: bytes, seed: int) -> list[NDArray[np.int8]]:
    network = Interpreter(model_content=content, num_threads=1)
    network.allocate_tensors()
    (entry,) = network.get_input_details()
    network.set_tensor(
        entry['index'],
        np.random.default_rng(seed).integers(-128, 128, entry['shape'], dtype=np.int8),
    )
    network.invoke()
    return [network.get_tensor(details['index']) for details in network.get_output_details()]


@pytest.mark.parametrize(
    'name, shape',
    [
        ('face_detector', (96, 128, 3)),
        ('mini_residual', (48, 48, 1)),
        ('mini_xception', (64, 64, 1)),  # not padded
        ('sequential_cnn', (64, 64, 1)),  # 7x7
    ],
)
def test_folded_network_answers_the_same(name: str, shape: tuple[int, int, int]) -> None:
    model = random_model(name) if name == 'face_detector' else random_model(name, 7)
    images = np.random.default_rng(0).random((4, shape[2], *shape[:2]), dtype=np.float32)
    content = to_int8(to_tensorflow(model, shape), images)
    folded = fold_first_convolution(content)
    assert len(folded) > len(content)
    for seed in range(3):
        for found, expected in zip(answers(folded, seed), answers(content, seed), strict=True):
            assert len(np.unique(expected)) > 1
            np.testing.assert_array_equal(found, expected)


def test_what_cannot_be_folded_stays() -> None:
    images = np.zeros((1, 1, 45, 45), dtype=np.float32)
    content = to_int8(to_tensorflow(random_model('mini_residual', 7), (45, 45, 1)), images)
    folded = fold_first_convolution(content)  # by 3: 4 and 2 do not divide 45
    assert folded != content
    assert fold_first_convolution(folded) == folded
    images = np.zeros((1, 1, 47, 47), dtype=np.float32)
    content = to_int8(to_tensorflow(random_model('mini_residual', 7), (47, 47, 1)), images)
    assert fold_first_convolution(content) == content


@pytest.mark.parametrize(
    'shape, outputs, stride, same',
    [
        ((16, 3, 3, 3), 4, 2, True),
        ((16, 3, 3, 1), 4, 1, True),
        ((16, 7, 7, 1), 4, 1, True),
        ((16, 7, 7, 1), 2, 1, True),
        ((8, 3, 3, 1), 2, 1, False),
    ],
)
def test_unfolding(shape: tuple[int, ...], outputs: int, stride: int, same: bool) -> None:
    kernel = np.arange(np.prod(shape)).reshape(shape)
    folded = fold_kernel(kernel, outputs, stride, same)
    assert np.count_nonzero(folded) == outputs * np.count_nonzero(kernel)
    np.testing.assert_array_equal(unfold_kernel(folded, shape[3], stride, same), kernel)
