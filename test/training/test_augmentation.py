# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('torch', reason='training needs PyTorch')

from training.data.augmentation import Augmentation, AugmentedFaces, network_input

NONE = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)


def test_switched_off_it_only_mirrors() -> None:
    plain = IMAGE / 255
    views = [NONE(IMAGE, 48, np.random.default_rng(seed)) for seed in range(8)]
    same = [np.allclose(view, plain, atol=1e-2) for view in views]
    mirrored = [np.allclose(view, plain[:, ::-1], atol=1e-2) for view in views]
    assert all(a != b for a, b in zip(same, mirrored))
    assert any(same) and any(mirrored)


@pytest.mark.parametrize('size', [32, 48, 64])
def test_views_are_pictures(size: int) -> None:
    strong = Augmentation(blur=1.0, noise=1.0, erase=1.0)
    for seed in range(20):
        view = strong(IMAGE, size, np.random.default_rng(seed))
        assert view.shape == (size, size)
        assert view.dtype == np.float32
        assert view.min() >= 0
        assert view.max() <= 1


def test_a_view_follows_from_seed_epoch_and_row() -> None:
    images, targets = np.stack([IMAGE] * 3), [np.eye(3, dtype=np.float32) * i for i in (1, 2)]
    views = {
        key: AugmentedFaces(images, targets, Augmentation(), 48, *key)[1][0]
        for key in ((1, 1), (1, 2), (2, 1))
    }
    again = AugmentedFaces(images, targets, Augmentation(), 48, 1, 1)
    assert len(again) == 3
    assert [target.tolist() for target in again[1][1:]] == [[0, 1, 0], [0, 2, 0]]
    np.testing.assert_array_equal(again[1][0], views[1, 1])
    assert not np.array_equal(views[1, 1], views[1, 2])
    assert not np.array_equal(views[1, 1], views[2, 1])
    assert not np.array_equal(again[0][0], again[1][0])


def test_network_input() -> None:
    found = network_input(IMAGE[None], 48)
    assert found.shape == (1, 1, 48, 48)
    np.testing.assert_allclose(found[0, 0], IMAGE / 255, atol=1e-6)
