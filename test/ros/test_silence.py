# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from face_affect.ros.silence import Silence


@pytest.mark.parametrize(
    'counts, warnings',
    [
        ([0] * 80, {5: 5.0, 35: 35.0, 65: 65.0}),
        (list(range(80)), {}),
        # Images until 10 s, then none
        ([min(second, 10) for second in range(60)], {15: 5.0, 45: 35.0}),
        # One image at 7 s restarts the silence.
        ([int(second >= 7) for second in range(20)], {5: 5.0, 12: 5.0}),
    ],
    ids=['never', 'always', 'no more', 'one'],
)
def test_warnings(counts: list[int], warnings: dict[int, float]) -> None:
    time = 100.0
    silence = Silence(counts[0], lambda: time)
    found = {}
    for second, count in enumerate(counts):
        time = 100.0 + second
        seconds = silence.due(count)
        if seconds is not None:
            found[second] = seconds
    assert found == warnings
