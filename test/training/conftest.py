# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A face to measure with."""

from __future__ import annotations

import cv2
from demo_bag import DemoFrame
import numpy as np
from numpy.typing import NDArray
import pytest


@pytest.fixture(scope='session')
def demo_face(demo_frames: list[DemoFrame]) -> NDArray[np.uint8]:
    """Return the largest face of the demo bag as a gray crop of 80x80."""
    frame, face = max(
        ((frame, face) for frame in demo_frames for face in frame.faces),
        key=lambda pair: pair[1].box.area,
    )
    image = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    side = int(1.15 * face.box.area**0.5)
    left, top = (max(0, int(middle - side / 2)) for middle in face.box.centre)
    return cv2.resize(
        image[top : top + side, left : left + side], (80, 80), interpolation=cv2.INTER_AREA
    )
