# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('tensorflow', reason='the export needs TensorFlow')

from ai_edge_litert.interpreter import Interpreter
import tensorflow as tf

from training.export.output_requantisation import focus_outputs, RANGES
from training.export.tensorflow_lite import to_int8


@pytest.mark.parametrize('channels', [1, 4, 10])
def test_outputs_of_cells_get_finer_steps_and_the_rest_stays(channels: int) -> None:
    """A 1x1 convolution of two inputs to values of -40 to 10 and to five other numbers."""

    @tf.function(input_signature=[tf.TensorSpec((1, 4, 4, 2), tf.float32)])
    def network(image: tf.Tensor) -> list[tf.Tensor]:
        def convolution(outputs: int, seed: int) -> tf.Tensor:
            kernel = tf.constant(
                np.random.default_rng(seed).uniform(-25, 25, (1, 1, 2, outputs)), tf.float32
            )
            return tf.nn.conv2d(image, kernel, 1, 'SAME')

        return [convolution(channels, 0) - 8.0, convolution(5, 1)]

    images = np.random.default_rng(2).random((200, 2, 4, 4), dtype=np.float32)
    content = to_int8(network.get_concrete_function(), images)

    def answers(of: bytes) -> list[np.ndarray]:
        runtime = Interpreter(model_content=of)
        runtime.allocate_tensors()
        (entry,) = runtime.get_input_details()
        scale, zero = entry['quantization']
        found: list[list[np.ndarray]] = [[], []]
        for image in images:
            runtime.set_tensor(
                entry['index'],
                np.clip(np.round(image.transpose(1, 2, 0)[None] / scale) + zero, -128, 127).astype(
                    np.int8
                ),
            )
            runtime.invoke()
            for values, details in zip(found, runtime.get_output_details(), strict=True):
                scale_out, zero_out = details['quantization']
                values.append(
                    (runtime.get_tensor(details['index']).astype(float) - zero_out) * scale_out
                )
        return [np.concatenate(values) for values in found]

    before, after = answers(content), answers(focus_outputs(content))
    narrowed = next(i for i, values in enumerate(before) if values.shape[-1] == channels)
    np.testing.assert_array_equal(after[1 - narrowed], before[1 - narrowed])
    coarse = np.diff(np.unique(before[narrowed])).min()
    fine = np.diff(np.unique(after[narrowed])).min()
    lowest, span = RANGES[channels]
    highest = lowest + span * 255 / 256
    assert fine == pytest.approx(span / 256) and fine < coarse / 2
    assert before[narrowed].min() < lowest == after[narrowed].min()
    np.testing.assert_allclose(
        after[narrowed], before[narrowed].clip(lowest, highest), atol=coarse
    )
