# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.ros.statistics import percentile, Statistics, WINDOW


@pytest.mark.parametrize(
    'values, percent, expected',
    [
        ([7.0], 50, 7.0),
        ([7.0], 95, 7.0),
        ([7.0], 0, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([3.0, 1.0, 2.0], 95, 3.0),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 101)), 100, 100),
    ],
)
def test_percentile(values: list[float], percent: float, expected: float) -> None:
    assert percentile(sorted(values), percent) == expected


def test_percentiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).random(WINDOW).tolist()
    for percent in (5, 50, 95):
        assert percentile(sorted(values), percent) == np.percentile(
            values, percent, method='inverted_cdf'
        )


def test_a_report_counts_every_frame_and_has_percentiles_of_the_newest() -> None:
    statistics = Statistics()
    for number in range(WINDOW + 100):
        statistics.receive()
        statistics.process(2, {'detect': float(number), 'track': 0.5}, age=0.1)
    for _ in range(3):
        statistics.receive()
    statistics.drop('malformed', 'why')
    report = statistics.report()
    assert (report.received, report.processed, report.under_way) == (WINDOW + 103, WINDOW + 100, 2)
    assert report.dropped == {'malformed': 1}
    assert (report.faces, report.age, report.last_error) == (2, 0.1, 'why')
    assert report.stages == {'detect': (249.0, 384.0), 'track': (0.5, 0.5)}


def test_the_first_report_is_empty() -> None:
    report = Statistics().report()
    assert (report.received, report.under_way, report.stages) == (0, 0, {})
