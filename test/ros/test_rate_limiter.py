# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from face_affect.ros.rate_limiter import RateLimiter


def passed(rate: float, source: float, seconds: float, jitter: float = 0.0) -> int:
    """Return how many events of ``source`` hertz pass in that many seconds."""
    times = [i / source + (jitter if i % 2 else 0) for i in range(int(seconds * source))]
    clock = iter(times)
    limit = RateLimiter(lambda: next(clock) + 1000)
    return sum(limit.passes(rate) for _ in times)


@pytest.mark.parametrize('rate, source', [(10, 30), (15, 30), (7, 30), (20, 60), (29, 30)])
@pytest.mark.parametrize('jitter', [0.0, 0.005])
def test_keeps_to_the_rate(rate: float, source: float, jitter: float) -> None:
    count = passed(rate, source, 20, jitter)
    assert count <= rate * 20 + 1
    assert count >= rate * 20 * 0.9


@pytest.mark.parametrize('rate', [0.0, -1.0, 1000.0])
def test_a_rate_of_zero_limits_nothing(rate: float) -> None:
    assert passed(rate, 30, 10) == 300


def test_a_pause_is_not_followed_by_a_burst() -> None:
    times = iter([0.0, 100.0, 100.01, 100.02, 100.03])
    limit = RateLimiter(lambda: next(times))
    assert [limit.passes(10) for _ in range(5)] == [True, True, False, False, False]


def test_a_faster_rate_holds_within_its_period() -> None:
    times = iter([0.0, 0.2, 0.4, 0.6])
    limit = RateLimiter(lambda: next(times))
    assert limit.passes(0.1)
    assert not limit.passes(0.1)
    assert not limit.passes(10)
    assert limit.passes(10)
