# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.detection_head import AnchorPoints

STRIDES = (8, 16, 32)


@pytest.fixture
def cells() -> AnchorPoints:
    return AnchorPoints(320, 240, STRIDES)


def test_maps_cover_the_input(cells: AnchorPoints) -> None:
    assert cells.shapes == [(30, 40), (15, 20), (8, 10)]
    assert len(cells) == 1200 + 300 + 80
    np.testing.assert_array_equal(
        cells.centres[[0, 1, 40, 1200, 1500]], [(4, 4), (12, 4), (4, 12), (8, 8), (16, 16)]
    )
    np.testing.assert_array_equal(np.unique(cells.strides), STRIDES)


def test_decoding(cells: AnchorPoints) -> None:
    """Centres move by strides, sizes are e^code strides, points move by sizes."""
    code = np.zeros((2, 14), np.float32)
    code[1, :4] = 1, -0.5, np.log(4), np.log(2)
    code[1, 4:6] = 0.25, -0.5
    boxes, points = cells.decode(code, np.array([1, 1201]))
    np.testing.assert_allclose(boxes, [(8, 0, 8, 8), (8, -16, 64, 32)], rtol=1e-6)
    np.testing.assert_allclose(points[0], [(12, 4)] * 5)
    np.testing.assert_allclose(points[1], [(56, -16)] + [(40, 0)] * 4, rtol=1e-6)


def test_wild_answers_stay_finite(cells: AnchorPoints) -> None:
    rows = np.arange(3)
    code = np.array([[1e4] * 14, [-1e4] * 14, [0] * 14], np.float32)
    boxes, points = cells.decode(code, rows)
    assert np.isfinite(boxes).all()
    assert np.isfinite(points).all()
    assert (boxes[:, 2:] > 0).all()
