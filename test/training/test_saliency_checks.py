# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')
pytest.importorskip('tensorflow', reason='the export needs TensorFlow')
pytest.importorskip('matplotlib')

from demo_bag import DemoFrame  # noqa: E402

from face_affect.core.crop import crop_face  # noqa: E402
from face_affect.core.faces import EMOTIONS  # noqa: E402
from face_affect.core.models import (  # noqa: E402
    available_models,
    find_model,
    Sidecar,
)
from face_affect.core.saliency import Saliency, saliency_path  # noqa: E402
from face_affect.core.settings import ModelNames  # noqa: E402
from training.data.augmentation import network_input  # noqa: E402
from training.data.faces import FaceSet  # noqa: E402
from training.export.dequantisation import dequantised  # noqa: E402
from training.figure8 import figure, SIDE  # noqa: E402
from training.saliency_checks import (  # noqa: E402
    area,
    Cascade,
    deletion_and_insertion,
    layers_of,
    plot,
    randomisation,
    randomised,
    rank_correlation,
    similarity,
)

Maps = NDArray[np.float32]


@pytest.fixture(scope='module')
def sidecar() -> Sidecar:
    return find_model(ModelNames().emotion, 'emotion')


@pytest.fixture(scope='module')
def faces(demo_frames: list[DemoFrame], sidecar: Sidecar) -> Maps:
    """Return real faces f32 [N, 1, S, S]."""
    size, geometry = sidecar.input.width, sidecar.crop_for('face_detector')
    crops = [
        crop_face(frame.image, face.box, geometry, size)
        for frame in demo_frames[::20]
        for face in frame.faces
    ]
    return network_input(np.stack(crops), size)


@pytest.fixture(scope='module')
def classes(sidecar: Sidecar, faces: Maps) -> NDArray[np.int64]:
    with torch.inference_mode():
        return dequantised(sidecar)(torch.from_numpy(faces)).argmax(1).numpy()


@pytest.mark.parametrize('compare', [rank_correlation, similarity])
def test_comparisons(compare: object) -> None:
    assert callable(compare)
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 48, 48), np.float32)
    assert compare(a, a) == pytest.approx(1)
    assert compare(a, 3 * a + 1) == pytest.approx(1, abs=1e-3)
    assert abs(compare(a, b)) < 0.1
    assert 0.3 < compare(a, a + b) < 0.9
    assert compare(a, -a) < -0.8


def test_area() -> None:
    assert area([1.0, 1.0, 1.0]) == 1
    assert area([1.0, 0.0]) == 0.5
    assert area([0.0, 0.0, 1.0]) == 0.25


def test_randomised_from_the_last_layer_on(sidecar: Sidecar) -> None:
    model = dequantised(sidecar)
    total = len(layers_of(model))
    for layers in (0, 1, total):
        changed = [
            not torch.equal(a.weight, b.weight)
            for a, b in zip(layers_of(model), layers_of(randomised(model, layers)))
        ]
        assert changed == [False] * (total - layers) + [True] * layers


def test_saliency_follows_what_the_network_learnt(
    sidecar: Sidecar, faces: Maps, classes: NDArray[np.int64]
) -> None:
    """Adebayo et al. 2018: without what was learnt, the pictures must be others."""
    guided = randomisation(dequantised(sidecar), faces, classes)
    plain = randomisation(dequantised(sidecar), faces, classes, guided=False)
    for cascade in (guided, plain):
        assert cascade.rank_correlations[0] == pytest.approx(1)
        assert cascade.similarities[0] == pytest.approx(1)
        assert cascade.rank_correlations[-1] < 0.6
        assert cascade.similarities[-1] < 0.4
    # What is known of guided back-propagation: it depends on the last layers little.
    assert guided.rank_correlations[1] > plain.rank_correlations[1] + 0.2


def test_salient_pixels_matter_more_than_others(
    sidecar: Sidecar, faces: Maps, classes: NDArray[np.int64], tmp_path: Path
) -> None:
    network = dequantised(sidecar)
    curves = deletion_and_insertion(network, faces, classes, sidecar.temperature)
    # A neutral face stays neutral when it is blurred, wherever pixels are inserted.
    telling = classes != EMOTIONS.index('neutral')
    assert telling.sum() >= 4
    curves |= {
        name: curve
        for name, curve in deletion_and_insertion(
            network, faces[telling], classes[telling], sidecar.temperature
        ).items()
        if name.startswith('insertion')
    }
    for test in ('deletion', 'insertion'):
        salient, random = curves[f'{test}, salient first'], curves[f'{test}, random']
        assert salient[[0, -1]] == pytest.approx(random[[0, -1]])
        assert (area(salient) < area(random)) == (test == 'deletion')
    plot(sidecar.name, {'guided': Cascade((1.0, 0.5), (1.0, 0.4))}, curves, tmp_path / 'x.png')
    assert (tmp_path / 'x.png').stat().st_size > 1000


def test_figure8(faces: Maps) -> None:
    images = (faces[:, 0] * 255).astype(np.uint8)
    labels = np.arange(len(images)) % len(EMOTIONS)
    data = FaceSet(
        'emotion',
        EMOTIONS,
        images,
        labels,
        np.zeros(len(images), np.uint32),
    )
    networks = [
        Saliency(each)
        for each in available_models()
        if each.task == 'emotion' and saliency_path(each).exists()
    ]
    assert figure(data, networks, 2).shape == (7 * (1 + len(networks)) * SIDE, 2 * SIDE, 3)
