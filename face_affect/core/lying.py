# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Detection of faces that lie or are upside down, in rotations of the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.alternation import Alternation
from face_affect.core.detection import Detector, fitted, with_lower_odds
from face_affect.core.faces import Detection
from face_affect.core.rotation import Rotation

# Ratio of the odds of a score in a rotated image to those reported. Few people lie, but a rotated
# image has as many false faces as an upright one; see
# docs/experiments/2026-11-28-lying-faces.md.
ODDS_OF_LYING = 1.2
ROLLS = (90, 270, 180)  # degrees, clockwise in the image


class LyingSearch:
    """Detects faces of all ROLLS in the first image, then of one in each image, round robin.

    Every other search has the roll of a tracked face.
    """

    def __init__(self, detector: Detector) -> None:
        """Detect with ``detector``."""
        self._detector = detector
        self._alternation = Alternation()

    def __call__(
        self, image: NDArray[np.uint8], threshold: float, known: Sequence[int]
    ) -> list[Detection]:
        """Return the faces that are rolled by about the ROLLS of this image, in its pixels.

        ``known`` are the base rolls of tracked faces, the most urgent first. For ``image`` and
        ``threshold`` see Detector; it is of the score reported, see ODDS_OF_LYING.
        """
        return [
            found
            for roll in self._alternation.choose(ROLLS, known)
            for found in self._rolled(image, threshold, roll)
        ]

    def _rolled(self, image: NDArray[np.uint8], threshold: float, roll: int) -> list[Detection]:
        small = self._fitted(image, roll)
        rotation = Rotation.of(-roll % 360, small)
        raised = with_lower_odds(threshold, 1 / ODDS_OF_LYING)
        found = self._detector(rotation.image(small), raised)
        scale = max(image.shape[:2]) / max(small.shape[:2])
        return [
            replace(
                rotation.inverse.detection(face).scaled(scale),
                score=with_lower_odds(face.score, ODDS_OF_LYING),
            )
            for face in found
        ]

    def _fitted(self, image: NDArray[np.uint8], roll: int) -> NDArray[np.uint8]:
        """Return ``image``, reduced to what the detector needs: that is faster to rotate."""
        width, height = self._detector.input_size
        if roll % 180:
            width, height = height, width
        scale, size = fitted(image.shape, width, height)
        if scale >= 1:
            return image
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
