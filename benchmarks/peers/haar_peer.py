# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Time the paper's detector alone: OpenCV's frontal Haar cascade, scale 1.3, 5 neighbours."""

import cv2
import numpy as np
from numpy.typing import NDArray
from timing import run

cascade = cv2.CascadeClassifier(cv2.data.haarcascades + 'haarcascade_frontalface_default.xml')


def faces(image: NDArray[np.uint8]) -> int:
    """Return the number of faces in ``image``, BGR."""
    return len(cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1.3, 5))


run(faces)
