# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from random_networks import random_model  # noqa: E402

from face_affect.core.detection_head import AnchorPoints  # noqa: E402
from training.models.architectures import (  # noqa: E402
    build,
    CLASSIFIERS,
    FaceDetector,
    mac_count,
    MaxPoolSame,
    parameter_count,
    SameConvolution,
)


def test_mini_xception_is_the_papers() -> None:
    model = build('mini_xception', 7)
    assert parameter_count(model) == 58_423
    assert mac_count(model, (1, 64, 64)) == pytest.approx(10.16e6, rel=1e-3)


@pytest.mark.parametrize('name', CLASSIFIERS)
@pytest.mark.parametrize('classes', [2, 7])
@pytest.mark.parametrize('size', [48, 64])
def test_shapes(name: str, classes: int, size: int) -> None:
    model = build(name, classes).eval()
    with torch.inference_mode():
        assert model(torch.zeros(3, 1, size, size)).shape == (3, classes)


def test_sequential_cnn_is_as_large_as_the_papers() -> None:
    assert parameter_count(build('sequential_cnn', 7)) == pytest.approx(600_000, rel=0.1)


def test_unknown_architecture() -> None:
    with pytest.raises(
        ValueError, match=r"unknown architecture 'resnet'; known are .*mini_xception"
    ):
        build('resnet', 7)


@pytest.mark.parametrize('side', [7, 8, 15, 16, 29, 30])
def test_pool_halves_and_rounds_up(side: int) -> None:
    values = torch.arange(side * side, dtype=torch.float32).reshape(1, 1, side, side)
    found = MaxPoolSame()(values)
    assert found.shape[-1] == (side + 1) // 2
    # Values grow to the lower right: the last of every window is the largest.
    first = 0 if side % 2 else 1
    ends = np.minimum(np.arange(first + 1, first + 1 + side, 2), side - 1)[: found.shape[-1]]
    np.testing.assert_array_equal(found[0, 0].numpy(), ends[:, None] * side + ends)


@pytest.mark.parametrize('height, width', [(12, 13), (13, 12), (2, 1)])
def test_strided_depthwise_trains_as_it_answers(height: int, width: int) -> None:
    layer = SameConvolution(4, 4, 3, stride=2, groups=4)
    values = torch.rand(2, 4, height, width)
    torch.testing.assert_close(layer.train()(values), layer.eval()(values))


@pytest.mark.parametrize('name', CLASSIFIERS)
@pytest.mark.parametrize('size', [48, 64])
def test_export_equals_pytorch(name: str, size: int) -> None:
    pytest.importorskip('tensorflow', reason='the export needs TensorFlow')
    from training.export.tensorflow_lite import largest_difference, to_tensorflow

    model = random_model(name, 7)
    images = np.random.default_rng(0).random((5, 1, size, size), dtype=np.float32)
    with torch.inference_mode():
        spread = float(model(torch.from_numpy(images)).std())
    assert spread > 0.01
    assert largest_difference(model, to_tensorflow(model, (size, size, 1)), images) < 1e-4


@pytest.mark.parametrize('height, width', [(240, 320), (96, 128)])
def test_export_of_the_detector_equals_pytorch(height: int, width: int) -> None:
    pytest.importorskip('tensorflow', reason='the export needs TensorFlow')
    from training.export.tensorflow_lite import largest_difference, to_tensorflow

    model = random_model('face_detector')
    images = np.random.default_rng(0).random((2, 3, height, width), dtype=np.float32)
    assert largest_difference(model, to_tensorflow(model, (height, width, 3)), images) < 1e-3


def test_nan_is_no_agreement() -> None:
    pytest.importorskip('tensorflow', reason='the export needs TensorFlow')
    from training.export.tensorflow_lite import largest_difference, to_tensorflow

    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1))
    images = np.zeros((2, 1, 4, 4), np.float32)
    function = to_tensorflow(model, (4, 4, 1))
    with torch.no_grad():
        model[0].bias[0] = np.nan
    assert np.isnan(largest_difference(model, function, images))


def test_detector_answers_in_cells() -> None:
    model = build('face_detector').eval()
    with torch.inference_mode():
        maps = model(torch.zeros(2, 3, 240, 320))
    assert parameter_count(model) < 120_000
    cells = AnchorPoints(320, 240, FaceDetector.STRIDES)
    assert [part.shape for part in maps] == [
        (2, channels, *shape) for shape in cells.shapes for channels in (1, 4, 10)
    ]


def test_int8_is_close() -> None:
    pytest.importorskip('tensorflow', reason='the export needs TensorFlow')
    from ai_edge_litert.interpreter import Interpreter

    from training.export.tensorflow_lite import to_int8, to_tensorflow

    model = random_model('mini_xception', 7)
    images = np.random.default_rng(0).random((50, 1, 48, 48), dtype=np.float32)
    network = Interpreter(model_content=to_int8(to_tensorflow(model, (48, 48, 1)), images))
    network.allocate_tensors()
    entry, result = network.get_input_details()[0], network.get_output_details()[0]
    assert entry['dtype'] == result['dtype'] == np.int8
    scale, zero = entry['quantization']
    found = []
    for image in images:
        values = np.clip(np.round(image / scale) + zero, -128, 127).astype(np.int8)
        network.set_tensor(entry['index'], values.transpose(1, 2, 0)[None])
        network.invoke()
        found.append(network.get_tensor(result['index'])[0])
    scale, zero = result['quantization']
    logits = (np.array(found, np.float32) - zero) * scale
    with torch.inference_mode():
        expected = model(torch.from_numpy(images)).numpy()
    # int8 has 256 values for the whole range of the logits.
    assert np.abs(logits - expected).max() < 0.1 * np.ptp(expected)
