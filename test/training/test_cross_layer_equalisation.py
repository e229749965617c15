# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')
pytest.importorskip('tensorflow', reason='the export needs TensorFlow')

from random_networks import random_model  # noqa: E402
from torch import nn  # noqa: E402

from training.export.cross_layer_equalisation import equalised  # noqa: E402
from training.export.tensorflow_lite import folded  # noqa: E402


def answers(model: nn.Module, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    with torch.no_grad():
        found = model.eval()(torch.from_numpy(images))
    return [part.numpy() for part in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.parametrize(
    'name, shape',
    [
        ('face_detector', (3, 96, 128)),
        ('mini_residual', (1, 48, 48)),
        ('residual', (1, 48, 48)),
        ('mini_xception', (1, 64, 64)),
        ('sequential_cnn', (1, 64, 64)),
    ],
)
def test_equalised_network_answers_the_same(name: str, shape: tuple[int, ...]) -> None:
    model = random_model(name) if name == 'face_detector' else random_model(name, 7)
    images = np.random.default_rng(0).random((20, *shape), dtype=np.float32)
    before = answers(model, images)
    found = equalised(model, images)
    for one, other, again in zip(
        answers(found, images), before, answers(model, images), strict=True
    ):
        assert other.std() > 0
        np.testing.assert_allclose(one, other, atol=1e-4 * np.abs(other).max())
        np.testing.assert_array_equal(again, other)  # the model itself is left alone


def test_dead_channels_do_no_harm() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1))
    with torch.no_grad():
        model[0].weight[3] = model[0].bias[3] = 0  # never says anything
        model[2].weight[1] = 0  # hears nothing
    images = np.random.default_rng(0).random((4, 1, 16, 16), dtype=np.float32)
    for one, other in zip(answers(equalised(model, images), images), answers(model, images)):
        np.testing.assert_allclose(one, other, atol=1e-5)
    with torch.no_grad():
        model[0].weight[:] = model[0].bias[:] = 0
    for one in answers(equalised(model, images), images):
        assert np.isfinite(one).all()


def test_channels_get_like_ranges() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1))
    with torch.no_grad():
        model[0].weight[0] *= 50
        model[2].weight[:, 0] /= 50
    images = np.random.default_rng(0).random((4, 1, 16, 16), dtype=np.float32)

    def spread(network: nn.Module) -> float:
        first, relu, _ = network.children()
        with torch.no_grad():
            ranges = relu(first(torch.from_numpy(images))).amax((0, 2, 3))
        return float(ranges.max() / ranges.median())

    assert spread(folded(model)) > 20
    assert spread(equalised(model, images)) < 8
