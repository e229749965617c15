# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Time MediaPipe's full-range face detection, its model for more than two metres."""

import cv2
import mediapipe
import numpy as np
from numpy.typing import NDArray
from timing import run

detector = mediapipe.solutions.face_detection.FaceDetection(
    model_selection=1, min_detection_confidence=0.5
)


def faces(image: NDArray[np.uint8]) -> int:
    """Return the number of faces in ``image``, BGR."""
    found = detector.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).detections
    return len(found or ())


run(faces)
