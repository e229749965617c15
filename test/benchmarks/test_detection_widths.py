# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The core's time by width: all widths that there are, measured in turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.detection_widths import time_widths, WARM_UP, WIDTHS
from face_affect.core.models import available_models, DETECTION
from face_affect.core.settings import ModelNames


def test_widths_are_those_of_the_default_detector() -> None:
    default = ModelNames()
    widths = sorted(
        model.input.width
        for model in available_models()
        if model.task == DETECTION and model.calibrated_as == default.detector
    )
    assert list(WIDTHS) == widths
    assert WIDTHS[0] == default.detection_width


def test_every_width_is_timed_as_often() -> None:
    times = time_widths(np.zeros((48, 64, 3), np.uint8), seconds=0)
    assert {width: len(samples) for width, samples in times.items()} == dict.fromkeys(
        WIDTHS, WARM_UP
    )
    assert all(sample >= 0 for samples in times.values() for sample in samples)


def test_table_has_a_row_for_each_width_and_a_column_for_each_scene(run: Any) -> None:
    rows = [
        {
            'scene': scene,
            'detection_width': width,
            'median_ms': width / 100,
            'p99_ms': 9.0,
            'ratio': width / 320,
        }
        for scene in ('one', 'two')
        for width in (640, 320)
    ]
    assert run.scene_table(rows, 'detection_width', 'width', (320, 640)).splitlines() == [
        '| width | one | two |',
        '|---|---|---|',
        '| 320 | 3.200 (9.00), ratio 1.00 | 3.200 (9.00), ratio 1.00 |',
        '| 640 | 6.400 (9.00), ratio 2.00 | 6.400 (9.00), ratio 2.00 |',
    ]
