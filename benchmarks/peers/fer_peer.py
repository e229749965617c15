"""Time PyPI fer as its README calls it."""

from fer.fer import FER
from timing import run

detector = FER()
run(lambda image: len(detector.detect_emotions(image)))
