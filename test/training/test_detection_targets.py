# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.detection_head import AnchorPoints
from training.data.detection_targets import assign, encode

STRIDES = (8, 16, 32)


@pytest.fixture
def cells() -> AnchorPoints:
    return AnchorPoints(320, 240, STRIDES)


def face(x: float, y: float, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    box = np.array([[x, y, width, height]], np.float32)
    spots = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
    return box, (box[:, None, :2] + spots * box[:, None, 2:]).astype(np.float32)


def test_decoding_undoes_encoding(cells: AnchorPoints) -> None:
    rng = np.random.default_rng(0)
    rows = rng.choice(len(cells), 200, replace=False)
    sizes = rng.uniform(6, 250, (200, 2))
    boxes = np.hstack([rng.uniform(-50, 300, (200, 2)), sizes]).astype(np.float32)
    points = rng.uniform(-50, 300, (200, 5, 2)).astype(np.float32)
    code = encode(cells, boxes, points, rows)
    found_boxes, found_points = cells.decode(code, rows)
    np.testing.assert_allclose(found_boxes, boxes, atol=2e-3)
    np.testing.assert_allclose(found_points, points, atol=2e-3)


@pytest.mark.parametrize(
    'size, strides',
    [
        (7, {8}),
        (20, {8}),
        (30, {8, 16}),
        (36, {8, 16}),
        (45, {8, 16}),
        (52, {8, 16, 32}),
        (60, {16, 32}),
        (100, {16, 32}),
        (115, {32}),
        (250, {32}),
    ],
)
def test_a_face_goes_to_the_maps_for_its_size(
    cells: AnchorPoints, size: float, strides: set[int]
) -> None:
    targets = assign(cells, *face(100, 50, size, size), np.zeros(1, bool))
    assert set(cells.strides[targets.heat == 1]) == strides


@pytest.mark.parametrize('x', [97.0, 100.3, 104.0])
@pytest.mark.parametrize('size', [8, 16, 40, 120])
def test_heat_peaks_at_the_centre_and_decodes_to_the_face(
    cells: AnchorPoints, x: float, size: float
) -> None:
    box, points = face(x, 60, size, size * 1.2)
    targets = assign(cells, box, points, np.zeros(1, bool))
    rows = np.flatnonzero(targets.heat)
    assert (targets.heat == 1).any()
    found, found_points = cells.decode(targets.code[rows], rows)
    np.testing.assert_allclose(found, np.repeat(box, len(rows), axis=0), atol=1e-2)
    np.testing.assert_allclose(found_points, np.repeat(points, len(rows), axis=0), atol=1e-2)
    peak = targets.heat == 1
    centre = box[0, :2] + box[0, 2:] / 2
    offsets = np.abs(cells.centres[peak] - centre)
    assert (offsets <= cells.strides[peak, None] / 2).all()


def test_ignored_and_tiny_faces_leave_it_open(cells: AnchorPoints) -> None:
    box, points = face(100, 100, 40, 40)
    ignored = assign(cells, box, points, np.ones(1, bool))
    assert not ignored.heat.any()
    inside = (np.abs(cells.centres - 120) <= 20).all(axis=1)
    np.testing.assert_array_equal(ignored.counts, ~inside)
    tiny = assign(cells, *face(100, 100, 5, 5), np.zeros(1, bool))
    assert not tiny.heat.any()
    assert not tiny.counts.all()


def test_a_face_beside_an_ignored_one_still_counts(cells: AnchorPoints) -> None:
    (a, a_points), (b, b_points) = face(100, 100, 60, 60), face(122, 122, 14, 14)
    targets = assign(
        cells, np.vstack([a, b]), np.vstack([a_points, b_points]), np.array([True, False])
    )
    assert targets.counts[targets.heat == 1].all()
    assert (targets.heat == 1).any()


def test_nobody(cells: AnchorPoints) -> None:
    targets = assign(
        cells, np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, bool)
    )
    assert not targets.heat.any()
    assert targets.counts.all()


def test_of_two_faces_the_nearer_owns_a_cell(cells: AnchorPoints) -> None:
    (a, a_points), (b, b_points) = face(100, 100, 12, 12), face(112, 100, 12, 12)
    boxes = np.vstack([a, b])
    targets = assign(cells, boxes, np.vstack([a_points, b_points]), np.zeros(2, bool))
    rows = np.flatnonzero(targets.heat == 1)
    found, _ = cells.decode(targets.code[rows], rows)
    assert {round(float(x)) for x in found[:, 0]} == {100, 112}
