# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Shared code of the peers, run in their environments: read scenes, time a function, print JSON.

    python PEER.py SCENES.npz SECONDS

SCENES.npz has images u8 [H, W, 3] BGR by name; each is processed for SECONDS. The last line of
standard output is {name: {"seconds": [...], "faces": N}}.
"""

from collections.abc import Callable
import json
import sys
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WARM_UP = 3


def run(count_faces: Callable[[NDArray[np.uint8]], int]) -> None:
    """Time ``count_faces`` on all scenes, and print the result as JSON."""
    cv2.setNumThreads(1)
    outcome: dict[str, Any] = {}
    with np.load(sys.argv[1]) as scenes:
        for name in scenes.files:
            image = scenes[name]
            for _ in range(WARM_UP):
                faces = count_faces(image)
            times = []
            end = time.perf_counter() + float(sys.argv[2])
            while time.perf_counter() < end:
                start = time.perf_counter()
                count_faces(image)
                times.append(time.perf_counter() - start)
            outcome[name] = {'seconds': times, 'faces': int(faces)}
    print(json.dumps(outcome, allow_nan=False))
