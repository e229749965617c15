# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Time PyPI fer with the calls of its README."""

from fer.fer import FER
from timing import run

detector = FER()
run(lambda image: len(detector.detect_emotions(image)))
