# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Tracking of scenes with a simulated or a real detector."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tracking.metrics import Tracked
from benchmarks.tracking.simulated import SimulatedDetector
from benchmarks.tracking.stage import Scene, TrueFrame
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import ModelNames, Settings
from face_affect.core.tasks import TASKS
from face_affect.core.tracking import Tracker

# With the simulated detector, images are used for appearances only.
SHRINK = 2
DEFAULTS = Settings()


class Pictures:
    """The images of one scene, cached for all rates."""

    def __init__(self, scene: Scene, shrink: int = 1) -> None:
        """Render with ``shrink``; see Scene.image."""
        self._scene = scene
        self._shrink = shrink
        self._drawn: dict[int, NDArray[np.uint8]] = {}

    def at(self, second: float) -> NDArray[np.uint8]:
        """Return the image at ``second``, u8 [HEIGHT, WIDTH, 3] BGR."""
        key = round(second * 1e6)
        if key not in self._drawn:
            self._drawn[key] = self._scene.image(second, self._shrink)
        return self._drawn[key]


def track_simulated(
    truth: list[TrueFrame], pictures: Pictures, rate: float, seed: int
) -> list[Tracked]:
    """Return the confirmed tracks of each frame with a simulated detector."""
    detector = SimulatedDetector(rate, seed)
    tracker = Tracker(replace(DEFAULTS, detection_threshold=0.0))
    return [
        [
            (track.id, track.detection.box)
            for track in tracker.update(detector(frame), frame.stamp, pictures.at(frame.stamp))
        ]
        for frame in truth
    ]


def track_real(truth: list[TrueFrame], pictures: Pictures, detector: str) -> list[Tracked]:
    """Return the faces of each frame by the pipeline with model ``detector``."""
    without_estimates: dict[str, Any] = {f'enable_{task.name}': False for task in TASKS}
    pipeline = Pipeline(Settings(**without_estimates), ModelNames(detector=detector))
    return [
        [
            (face.id, face.detection.box)
            for face in pipeline.process(pictures.at(frame.stamp), frame.stamp).faces
        ]
        for frame in truth
    ]
