# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Processing time of each stage from image message to result message, in one thread."""

from __future__ import annotations

import array
from collections import defaultdict
from collections.abc import Mapping
import gc
import subprocess
import sys
import time

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.annotation import annotate
from face_affect.core.faces import FrameResult
from face_affect.core.images import encode_jpeg
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import Settings
from face_affect.ros.cdr import read_message
from face_affect.ros.conversions import decode, result_to_message
from support.footprint import PEAK_KB

WARM_UP = 10
FRAME_TIME = 1 / 30
STARTS = 5

# A program that ends after the first result, and prints its peak memory in bytes
FIRST_RESULT = f"""
import sys
import numpy as np
from face_affect.core.pipeline import Pipeline
image = np.load(sys.argv[1])
result = Pipeline().process(image, 0.0)
print({PEAK_KB} * 1024)
"""

Samples = dict[str, list[float]]


def raw_message(image: NDArray[np.uint8], encoding: str = 'bgr8') -> bytes:
    """Return ``image`` u8 [H, W, 3] as a serialised sensor_msgs/Image."""
    height, width = image.shape[:2]
    return bytes(
        serialize_message(
            Image(
                height=height,
                width=width,
                encoding=encoding,
                step=3 * width,
                data=array.array('B', image.tobytes()),
            )
        )
    )


def jpeg_message(image: NDArray[np.uint8]) -> bytes:
    """Return ``image`` u8 [H, W, 3] BGR as a serialised sensor_msgs/CompressedImage."""
    return bytes(
        serialize_message(
            CompressedImage(format='jpeg', data=array.array('B', encode_jpeg(image)))
        )
    )


def time_stages(image: NDArray[np.uint8], seconds: float) -> tuple[Samples, int]:
    """Run all stages for ``seconds``; return the seconds by stage, and the number of faces.

    ``image`` u8 [H, W, 3] BGR. 'core' is the time from the decoded image to the result, 'in all'
    from the serialised raw image to the serialised result.
    """
    raw, jpeg = raw_message(image), jpeg_message(image)
    pipeline = Pipeline(Settings(confirm_frames=1))
    times: Samples = defaultdict(list)
    count = 0
    end = time.perf_counter() + seconds
    gc.collect()
    while time.perf_counter() < end or count < 2 * WARM_UP:
        count += 1
        stages, result = _once(pipeline, raw, jpeg, count * FRAME_TIME)
        if count > WARM_UP:
            for stage, elapsed in stages.items():
                times[stage].append(elapsed)
    return dict(times), len(result.faces)


def _once(
    pipeline: Pipeline, raw: bytes, jpeg: bytes, stamp: float
) -> tuple[dict[str, float], FrameResult]:
    moments = [time.perf_counter()]
    decode(read_message(jpeg, CompressedImage))
    moments.append(time.perf_counter())
    picture = decode(read_message(raw, Image))
    moments.append(time.perf_counter())
    result = pipeline.process(picture, stamp)
    moments.append(time.perf_counter())
    message = result_to_message(result, Header(), 0.0)
    moments.append(time.perf_counter())
    serialize_message(message)
    moments.append(time.perf_counter())
    annotate(picture, result)
    moments.append(time.perf_counter())
    jpeg_time, raw_time, core, building, serialising, drawing = np.diff(moments).tolist()
    return {
        'decode JPEG': jpeg_time,
        'decode raw': raw_time,
        **result.timings,
        'core': core,
        'message': building,
        'serialise': serialising,
        'in all': raw_time + core + building + serialising,
        'annotate': drawing,
    }, result


def time_starts(picture: str) -> Mapping[str, float]:
    """Start Python ``STARTS`` times up to the first result for the .npy file ``picture``.

    Returns:
        the medians of 'seconds' from start to end of the process, and of peak 'memory' in bytes.

    """
    seconds, memory = [], []
    for _ in range(STARTS):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, '-c', FIRST_RESULT, picture],
            check=True,
            capture_output=True,
            text=True,
        )
        seconds.append(time.perf_counter() - start)
        memory.append(float(done.stdout.splitlines()[-1]))
    return {'seconds': float(np.median(seconds)), 'memory': float(np.median(memory))}
