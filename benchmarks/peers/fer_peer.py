# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Time PyPI fer as its README calls it."""

from fer.fer import FER
from timing import run

detector = FER()
run(lambda image: len(detector.detect_emotions(image)))
