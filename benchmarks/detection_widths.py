# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The time of the core at each width of the detector's input."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import ModelNames, Settings

# What face_detector has; the first is the default.
WIDTHS = (320, 480, 640)
FRAME_TIME = 1 / 30
WARM_UP = 10


def time_widths(image: NDArray[np.uint8], seconds: float) -> dict[int, list[float]]:
    """Return seconds of processor time per image for each of WIDTHS, the widths in turn.

    ``image`` u8 [H, W, 3] BGR goes from the decoded image to the result for ``seconds`` in all.
    Other programs lengthen processor time less than time by the clock.
    """
    settings = Settings(confirm_frames=1)
    pipelines = {width: Pipeline(settings, ModelNames(detection_width=width)) for width in WIDTHS}
    times: dict[int, list[float]] = {width: [] for width in WIDTHS}
    count = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or count < 2 * WARM_UP:
        count += 1
        for width, pipeline in pipelines.items():
            start = time.thread_time()
            pipeline.process(image, count * FRAME_TIME)
            if count > WARM_UP:
                times[width].append(time.thread_time() - start)
    return times
