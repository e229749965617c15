# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import numpy as np
import pytest

from face_affect.core.faces import Box
from face_affect.core.kalman_filter import KalmanFilter, SPEED, SPEED_MEMORY

DT = 1 / 15


def box_at(x: float, y: float = 100.0, size: float = 50.0) -> Box:
    return Box(x - size / 2, y - size / 2, size, size)


def walking(speed: float, seconds: float = 2.0) -> KalmanFilter:
    """Return the motion of a face that went that many pixels a second up to x = 0."""
    steps = round(seconds / DT)
    motion = KalmanFilter.at(box_at(-speed * steps * DT))
    for i in range(1, steps + 1):
        motion.update(box_at(speed * (i - steps) * DT), DT)
    return motion


def test_a_new_face_stays_where_it_is() -> None:
    expected = KalmanFilter.at(box_at(7.0)).after(1.0)
    assert (expected.x, expected.y) == (7.0, 100.0)
    assert math.exp(expected.size) == pytest.approx(50)


def test_a_walking_face_goes_on() -> None:
    motion = walking(150.0)
    assert motion.now.speed_x == pytest.approx(150, rel=0.1)
    assert motion.now.speed_y == pytest.approx(0, abs=1e-6)
    assert motion.after(0.1).x == pytest.approx(15, rel=0.15)


def test_it_never_goes_on_for_ever() -> None:
    assert walking(150.0).after(60.0).x == pytest.approx(150 * SPEED_MEMORY, rel=0.1)


def test_after_no_time_nothing_has_changed() -> None:
    motion = walking(90.0)
    np.testing.assert_allclose(motion.after(0.0), motion.now)


def test_the_longer_unseen_the_less_sure() -> None:
    motion = walking(60.0)
    later = [motion.after(seconds) for seconds in (0.0, 0.1, 0.5, 1.0, 1.5, 2.0)]
    for variance in ('position_variance', 'size_variance', 'speed_variance'):
        values = [getattr(expected, variance) for expected in later]
        assert values == sorted(values)
    assert 0.5 * SPEED < math.sqrt(later[3].position_variance) < SPEED  # sizes, after a second
    assert later[-1].speed_variance == pytest.approx(SPEED**2, rel=0.1)


def test_the_variances_of_a_walk_are_those_of_the_process() -> None:
    """Simulate the speed in small steps, and compare with the closed form."""
    rng = np.random.default_rng(1)
    steps, step = 400, 0.8 / 400
    kept = math.exp(-step / SPEED_MEMORY)
    speed = rng.normal(0, SPEED, 20000)
    place = np.zeros(20000)
    for _ in range(steps):
        place += speed * step
        speed = kept * speed + rng.normal(0, SPEED * math.sqrt(1 - kept**2), 20000)
    expected = KalmanFilter.at(box_at(0.0)).after(0.8)
    assert np.var(place) == pytest.approx(expected.position_variance, rel=0.05)
    assert np.var(speed) == pytest.approx(expected.speed_variance, rel=0.05)
    assert np.mean(place * speed) == pytest.approx(expected.covariance, rel=0.05)


def test_an_update_makes_sure() -> None:
    motion = KalmanFilter.at(box_at(0.0))
    before = motion.after(1.5)
    motion.update(box_at(40.0, size=60.0), 1.5)
    assert motion.now.x == pytest.approx(40, abs=1)
    assert motion.now.position_variance < 0.01 * before.position_variance
    assert 50 < math.exp(motion.now.size) < 60
