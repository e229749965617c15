# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from types import SimpleNamespace

import pytest

from face_affect.core.stamps import set_nanoseconds, set_seconds, to_nanoseconds, to_seconds


@pytest.mark.parametrize(
    'nanoseconds, sec, nanosec',
    [(0, 0, 0), (1_500_000_000, 1, 500_000_000), (-1, -1, 999_999_999)],
)
def test_nanoseconds_there_and_back(nanoseconds: int, sec: int, nanosec: int) -> None:
    time = SimpleNamespace(sec=0, nanosec=0)
    set_nanoseconds(time, nanoseconds)
    assert (time.sec, time.nanosec) == (sec, nanosec)
    assert to_nanoseconds(time) == nanoseconds
    assert to_seconds(time) == pytest.approx(nanoseconds * 1e-9)


def test_seconds_carry_over() -> None:
    time = SimpleNamespace(sec=0, nanosec=0)
    set_seconds(time, 0.9999999999)
    assert (time.sec, time.nanosec) == (1, 0)
