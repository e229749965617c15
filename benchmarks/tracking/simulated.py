# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A simulated detector: ground truth with jitter, misses and false positives."""

from __future__ import annotations

import numpy as np

from benchmarks.tracking.stage import HEIGHT, SEEN, TrueFace, TrueFrame, WIDTH
from face_affect.core.detection import NMS_IOU, non_maximum_suppression
from face_affect.core.faces import Box, Detection

# Standard deviations of position and size in face sizes; two detectors had 0.01 to 0.03 and 0.02
# to 0.06 on the demo bag.
PLACE_JITTER, SIZE_JITTER = 0.03, 0.05
# Factor of the jitter of partly occluded faces
COVERED_JITTER = 2.0
LEAST_SEEN = 0.35  # minimum visible fraction of a detected face
MISSED = 0.03  # probability of a miss
MISSED_COVERED = 0.5  # probability of a miss of a partly occluded face
# Rate per second, and duration in seconds, of longer misses (face turned away, blur)
LAPSES, LAPSE = 0.05, (0.2, 0.6)
FALSE_ALARMS = 0.05  # false positives per second


class SimulatedDetector:
    """A detector of the true faces of one scene with simulated errors."""

    def __init__(self, rate: float, seed: int) -> None:
        """Simulate errors at ``rate`` Hz, determined by ``seed``."""
        self._rate = rate
        self._rng = np.random.default_rng(seed)
        self._back: dict[int, float] = {}

    def __call__(self, frame: TrueFrame) -> list[Detection]:
        """Return the detections in ``frame``, best first; scores are visible fractions."""
        found = [
            (self._jittered(face), face.visible)
            for face in frame.faces
            if self._finds(face, frame.stamp)
        ]
        if self._rng.random() < FALSE_ALARMS / self._rate:
            size = float(self._rng.uniform(20, 80))
            found.append(
                (
                    Box(
                        float(self._rng.uniform(0, WIDTH - size)),
                        float(self._rng.uniform(0, HEIGHT - size)),
                        size,
                        size,
                    ),
                    SEEN,
                )
            )
        boxes = np.array(
            [(box.x, box.y, box.width, box.height) for box, _ in found], dtype=np.float32
        ).reshape(-1, 4)
        scores = np.array([score for _, score in found], dtype=np.float32)
        return [
            Detection(found[i][0], found[i][1])
            for i in non_maximum_suppression(boxes, scores, NMS_IOU)
        ]

    def _finds(self, face: TrueFace, stamp: float) -> bool:
        if self._rng.random() < LAPSES / self._rate:
            self._back[face.identity] = stamp + float(self._rng.uniform(*LAPSE))
        missed = MISSED if face.visible >= SEEN else MISSED_COVERED
        return (
            face.visible >= LEAST_SEEN
            and self._rng.random() >= missed
            and stamp >= self._back.get(face.identity, 0.0)
        )

    def _jittered(self, face: TrueFace) -> Box:
        scale = 1.0 if face.visible >= SEEN else COVERED_JITTER
        size = scale * np.sqrt(face.box.area)
        dx, dy = self._rng.normal(0, PLACE_JITTER * size, 2).tolist()
        across, down = np.exp(self._rng.normal(0, SIZE_JITTER * scale, 2)).tolist()
        x, y = face.box.centre
        width, height = face.box.width * across, face.box.height * down
        return Box(x + dx - width / 2, y + dy - height / 2, width, height)
