# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from training.models.architectures import build  # noqa: E402
from training.models.heads import by_head, with_heads  # noqa: E402
from training.models.losses import soft_cross_entropy  # noqa: E402


@pytest.mark.parametrize('name', ['mini_residual', 'mini_xception', 'sequential_cnn'])
def test_heads_are_taken_by_name(name: str) -> None:
    had, image = build(name, 6).eval(), torch.rand(2, 1, 48, 48)
    network = build(name, 9).eval()
    network.load_state_dict(with_heads(had.state_dict(), ['a', 'b'], ['b', 'new', 'a']))
    with torch.inference_mode():
        a, b = by_head(had(image), 2).unbind(1)
        found = by_head(network(image), 3)
    np.testing.assert_allclose(found, torch.stack([b, a, a], 1), atol=1e-5)


def test_soft_cross_entropy_is_pytorchs() -> None:
    logits, targets = torch.randn(5, 7), torch.rand(5, 7).softmax(1)
    for smoothing in (0.0, 0.1):
        expected = torch.nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing)
        found = soft_cross_entropy(logits, targets, smoothing)
        assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_rows_without_a_target_cost_nothing() -> None:
    logits, targets = torch.randn(4, 7), torch.eye(7)[:4]
    targets[2:] = 0
    found = soft_cross_entropy(logits, targets, 0.1)
    assert float(found) == pytest.approx(
        float(soft_cross_entropy(logits[:2], targets[:2], 0.1)) / 2, rel=1e-5
    )
