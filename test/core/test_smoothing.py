# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.smoothing import Smoother

A = np.array([1.0, 0.0], np.float32)
B = np.array([0.0, 1.0], np.float32)


def settled(smoother: Smoother, value: NDArray[np.float32], rate: float, seconds: float) -> float:
    """Feed ``value`` for so long that the first images' own rule is over; return the time."""
    for i in range(round(rate * seconds) + 1):
        smoother.update(1, i / rate, value)
    return round(rate * seconds) / rate


@pytest.mark.parametrize('time_constant', [0.0, 0.1, 0.5, 10.0])
@pytest.mark.parametrize('rate', [1.0, 15.0, 60.0])
def test_constant_input_stays(time_constant: float, rate: float) -> None:
    smoother = Smoother(time_constant)
    value = np.array([0.2, 0.3, 0.5], np.float32)
    for i in range(50):
        np.testing.assert_allclose(smoother.update(1, i / rate, value), value, atol=1e-6)


@pytest.mark.parametrize('rate', [5.0, 15.0, 30.0, 120.0])
@pytest.mark.parametrize('time_constant', [0.2, 0.5, 1.0])
def test_step_takes_the_same_time_at_any_frame_rate(rate: float, time_constant: float) -> None:
    smoother = Smoother(time_constant)
    start = settled(smoother, A, rate, 40 * time_constant)
    for i in range(1, round(2 * rate) + 1):
        found = smoother.update(1, start + i / rate, B)
        expected = math.exp(-(i / rate) / time_constant)
        assert found[0] == pytest.approx(expected, abs=2e-3)


def test_first_images_weigh_alike() -> None:
    smoother = Smoother(1000.0)
    values = np.random.default_rng(0).dirichlet(np.ones(7), 10).astype(np.float32)
    for i, value in enumerate(values):
        found = smoother.update(1, i * 0.01, value)
        np.testing.assert_allclose(found, values[: i + 1].mean(axis=0), atol=1e-5)


def test_time_constant_zero_smooths_nothing() -> None:
    smoother = Smoother(0.0)
    for value in (A, B, A, B):
        np.testing.assert_array_equal(smoother.update(1, 0.0, value), value)


def test_sum_stays_one() -> None:
    smoother, rng = Smoother(0.5), np.random.default_rng(1)
    for i in range(500):
        found = smoother.update(1, i * 0.03, rng.dirichlet(np.ones(7)).astype(np.float32))
        assert found.sum() == pytest.approx(1, abs=1e-4)
        assert found.min() >= 0


def test_faces_do_not_mix() -> None:
    smoother = Smoother(0.5)
    for i in range(10):
        assert smoother.update(1, i * 0.1, A)[0] == 1
        assert smoother.update(2, i * 0.1, B)[0] == 0


def test_a_forgotten_face_starts_anew() -> None:
    smoother = Smoother(10.0)
    for i in range(20):
        smoother.update(1, i * 0.1, A)
    smoother.keep([2])
    assert smoother.update(1, 2.1, B)[0] == 0


def test_a_kept_face_goes_on() -> None:
    smoother = Smoother(10.0)
    for i in range(20):
        smoother.update(1, i * 0.1, A)
    smoother.keep({1, 2})
    assert smoother.update(1, 2.1, B)[0] > 0.9


def test_input_is_not_changed() -> None:
    smoother, value = Smoother(0.5), A.copy()
    smoother.update(1, 0.0, value)
    smoother.update(1, 0.1, B)
    np.testing.assert_array_equal(value, A)


def test_a_step_back_in_time_is_no_time() -> None:
    smoother = Smoother(0.5)
    settled(smoother, A, 30.0, 20.0)
    found = smoother.update(1, 1.0, B)
    assert 0.99 < found[0] <= 1
