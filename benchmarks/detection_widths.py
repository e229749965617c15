# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Processing time of the core by input width of the detector."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import ModelNames, Settings

# Input widths of face_detector in pixels; the first is the default.
WIDTHS = (320, 480, 640)
FRAME_TIME = 1 / 30
WARM_UP = 10


def time_widths(image: NDArray[np.uint8], seconds: float) -> dict[int, list[float]]:
    """Return the CPU times per image in seconds for each of WIDTHS, measured alternately.

    ``image`` u8 [H, W, 3] BGR is processed from the decoded image to the result, for ``seconds``
    in total. CPU time depends less on other programs than elapsed time.
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
