# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from face_affect.core.association import (
    best_pairs,
    clear_pairs,
    Gate,
    Measurement,
    TOLERANCE,
    without,
)
from face_affect.core.faces import Box
from face_affect.core.kalman_filter import KalmanFilter, POSITION_NOISE

HERE = Box(0, 0, 100, 100)


def cost(found: Box, seconds: float = 0.0, min_iou: float = 0.3) -> float:
    return Gate(KalmanFilter.at(HERE).after(seconds), min_iou).cost(Measurement.of(found))


def test_the_same_box_fits_best() -> None:
    best = cost(HERE)
    for found in (HERE.moved(10, 0), HERE.moved(0, -10), Box(0, 0, 110, 110), Box(5, 5, 90, 90)):
        assert best < cost(found) < math.inf


@pytest.mark.parametrize('shift', [-1, 1])
@pytest.mark.parametrize('along', [0, 1])
@pytest.mark.parametrize('min_iou', [0.1, 0.3, 0.5, 0.9])
def test_the_gate_is_the_iou_of_the_grown_boxes(shift: int, along: int, min_iou: float) -> None:
    grown = 100 * (1 + 2 * TOLERANCE * math.sqrt(2) * POSITION_NOISE)
    for part in np.linspace(0, 1.2, 25):
        way = float(part) * grown * shift
        shared = max(1 - abs(float(part)), 0.0)
        iou = shared / (2 - shared)
        moved = HERE.moved(way if along == 0 else 0, way if along else 0)
        if abs(iou - min_iou) > 1e-6:
            assert (cost(moved, min_iou=min_iou) < math.inf) == (iou > min_iou)


def test_place() -> None:
    assert Measurement.of(Box(10, 20, 40, 90)) == (30, 65, 60, pytest.approx(math.log(60)))


def test_distance_is_in_sizes() -> None:
    gate = Gate(KalmanFilter.at(HERE).after(0.5), 0.3)
    assert gate.distance(Measurement.of(HERE.moved(300, -400))) == pytest.approx(5)


def test_boxes_far_apart_never_fit() -> None:
    assert cost(HERE.moved(1000, 0), min_iou=0.0) == math.inf


@pytest.mark.parametrize(
    'scale, fits', [(1.0, True), (1.4, True), (0.7, True), (2.1, False), (0.45, False)]
)
def test_sizes_must_be_alike(scale: float, fits: bool) -> None:
    side = 100 * scale
    found = Box(50 - side / 2, 50 - side / 2, side, side)
    assert (cost(found, min_iou=0.0) < math.inf) == fits
    assert (cost(found, seconds=1.5, min_iou=0.0) < math.inf) == fits


def test_what_was_lost_for_long_fits_farther_away_but_worse() -> None:
    away = HERE.moved(250, 0)
    assert cost(away) == math.inf
    assert cost(away, seconds=1.0) < math.inf
    assert cost(HERE) < cost(HERE, seconds=1.0)


def test_best_pairs() -> None:
    costs = {(0, 0): 3.0, (0, 1): 1.0, (1, 1): 2.0, (1, 0): 9.0, (2, 1): 0.5}
    assert best_pairs(costs) == [(2, 1), (0, 0)]
    assert best_pairs({}) == []


def test_clear_pairs() -> None:
    costs = {(0, 0): 0.0, (1, 0): 14.0, (1, 1): 3.0, (2, 2): 0.0, (3, 2): 4.0, (4, 4): 99.0}
    assert clear_pairs(costs, 10.0) == [(0, 0), (1, 1), (4, 4)]
    assert clear_pairs(costs, 4.0) == [(0, 0), (1, 1), (2, 2), (4, 4)]
    assert clear_pairs(costs, 12.0) == [(0, 0), (4, 4)]
    assert clear_pairs({}, 1.0) == []


def test_without() -> None:
    costs = {(0, 0): 0.0, (1, 0): 14.0, (1, 1): 3.0, (2, 1): 5.0, (2, 2): 1.0}
    assert without(costs, [(0, 0)]) == {(1, 1): 3.0, (2, 1): 5.0, (2, 2): 1.0}
    assert without(costs, [(1, 1)]) == {(0, 0): 0.0, (2, 2): 1.0}
    assert without(costs, []) == costs


def test_no_row_or_column_twice() -> None:
    rng = np.random.default_rng(0)
    costs = {pair: float(rng.random()) for pair in itertools.product(range(6), range(4))}
    pairs = best_pairs(costs)
    assert len(pairs) == 4
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == 4
