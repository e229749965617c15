# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The processing of one frame: detect, track, crop, classify, smooth."""

from __future__ import annotations

from dataclasses import dataclass
import math
from numbers import Real
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face_affect.core.classification import Classifier
from face_affect.core.crop import crop_views, level_roll
from face_affect.core.detection import large_enough, load_detector, SMALLEST_FACE
from face_affect.core.faces import Estimate, Face, FrameResult
from face_affect.core.images import check_image
from face_affect.core.models import find_models, Sidecar
from face_affect.core.rotation import Rotation
from face_affect.core.search import Search
from face_affect.core.settings import ModelNames, RuntimeSettings, Settings
from face_affect.core.smoothing import Smoother
from face_affect.core.tasks import Task, TASKS
from face_affect.core.tracking import Track, Tracker


@dataclass(frozen=True)
class _Estimator:
    """The classifier of one task and the smoother of its probabilities."""

    task: Task
    classifier: Classifier
    smoother: Smoother


def _check_stamp(stamp: Any) -> None:
    if not isinstance(stamp, Real):
        raise TypeError(f'stamp is {stamp!r}, but must be a number of seconds')
    if not math.isfinite(stamp):
        raise ValueError(f'stamp is {stamp}, but must be finite')


def _check_reduction(reduction: Any) -> None:
    if not isinstance(reduction, int):
        raise TypeError(f'reduction is {reduction!r}, but must be an int')
    if reduction < 1:
        raise ValueError(f'reduction is {reduction}, but must be at least 1')


class Pipeline:
    """Detects, tracks and classifies the faces of one camera.

    Not thread-safe, but ``settings`` may be replaced from another thread: the next frame uses
    the new ones as a whole.

    >>> import cv2
    >>> from dataclasses import replace
    >>> from face_affect import Pipeline, Settings
    >>> pipeline = Pipeline(Settings(confirm_frames=1))
    >>> image = cv2.imread('docs/images/debug_image.jpg')
    >>> [round(face.age, 1) for face in pipeline.process(image, stamp=10.0).faces]
    [0.0, 0.0, 0.0]
    >>> [round(face.age, 1) for face in pipeline.process(image, stamp=10.5).faces]
    [0.5, 0.5, 0.5]
    >>> pipeline.settings = replace(pipeline.settings, min_face_size=1000)
    >>> pipeline.process(image, stamp=11.0).faces
    ()
    """

    def __init__(
        self,
        settings: Settings | None = None,
        models: ModelNames | None = None,
        threads: int = 1,
        first_id: int = 1,
    ) -> None:
        """Load the networks.

        Args:
            settings: the initial settings; None for the defaults.
            models: the networks; None for the defaults.
            threads: CPU threads of each network, in the range of parameter num_threads.
            first_id: the id of the first face.

        Raises:
            ModelError: a model is missing, altered or not usable for its task.
            TypeError: ``threads`` is not an int.
            ValueError: ``threads`` is out of range.

        """
        RuntimeSettings(threads)
        self.settings = settings or Settings()
        self.sidecars: tuple[Sidecar, ...] = find_models(models or ModelNames())
        detector, *classifiers = self.sidecars
        self._detector = load_detector(detector, threads)
        self._search = Search(self._detector)
        self._estimators = [
            _Estimator(task, Classifier(sidecar, self._detector.name, threads), Smoother())
            for task, sidecar in zip(TASKS, classifiers)
        ]
        self._tracker = Tracker(self.settings, first_id)
        self._rotate = self.settings.rotate
        self._timings: dict[str, float] = {}

    @property
    def next_id(self) -> int:
        """The id of the next new face, greater than all earlier ids."""
        return self._tracker.next_id

    def reset(self) -> None:
        """Discard all tracks; ids are not reused."""
        self._tracker.reset()
        self._search = Search(self._detector)

    @property
    def needed_side(self) -> float:
        """Longer side in pixels above which the resolution of an image does not matter.

        At this side, a face of SMALLEST_FACE pixels in the detector's input fills the largest
        input of a classifier. Infinity with ``detect_far``, which detects at full resolution.
        """
        if self.settings.detect_far:
            return math.inf
        _, *classifiers = self.sidecars
        largest = max(max(one.input.width, one.input.height) for one in classifiers)
        return max(self._detector.input_size) * largest / SMALLEST_FACE

    def process(self, image: NDArray[np.uint8], stamp: float, reduction: int = 1) -> FrameResult:
        """Detect, track and classify the faces in one image.

        Args:
            image: u8 [H, W, 3] BGR or [H, W] gray, contiguous or not.
            stamp: time of capture in seconds; a step back discards all tracks.
            reduction: divisor of width and height with which ``image`` was decoded, see
                ``reduction_of``.

        Returns:
            the confirmed faces, ordered by id, and the time of each stage. Coordinates, width and
            height are those of the full size, as ``min_face_size`` is.

        Raises:
            TypeError: ``image`` is not a uint8 array, ``stamp`` not a number, or ``reduction`` not
                an int.
            ValueError: ``image`` has another shape or no pixels, ``stamp`` is not finite, or
                ``reduction`` is not positive.

        """
        check_image(image)
        _check_stamp(stamp)
        _check_reduction(reduction)
        settings = self.settings
        self._timings = {}
        self._tracker.settings = settings
        if settings.rotate != self._rotate:
            self.reset()  # Tracks are in the coordinates of the previous rotation.
            self._rotate = settings.rotate
        height, width = (side * reduction for side in image.shape[:2])
        rotation = Rotation(settings.rotate, width, height)
        start = time.perf_counter()
        image = rotation.image(image)
        found = self._search(image, reduction, settings, self._tracker.tracks, stamp)
        detections = large_enough(found, settings.min_face_size)
        start = self._note('detect', start)
        tracks = self._tracker.update(detections, stamp, image, reduction)
        for estimator in self._estimators:
            estimator.smoother.time_constant = settings.smoothing_time
            estimator.smoother.keep(self._tracker.ids)
        self._note('track', start)
        faces = [self._face(image, reduction, track, stamp, settings) for track in tracks]
        faces += self._search.remembered(
            faces, image, reduction, settings, self._tracker.tracks, stamp
        )
        faces.sort(key=lambda face: face.id)
        if settings.rotate:
            faces = [rotation.inverse.face(face) for face in faces]
        return FrameResult(stamp, width, height, tuple(faces), self._timings, settings.rotate)

    def _face(
        self,
        image: NDArray[np.uint8],
        reduction: int,
        track: Track,
        stamp: float,
        settings: Settings,
    ) -> Face:
        enabled = [one for one in self._estimators if settings.enabled(one.task)]
        start = time.perf_counter()
        views = [one.classifier.view for one in enabled]
        detection = track.detection.scaled(1 / reduction)
        crops = crop_views(image, detection.box, views, level_roll(detection)) if enabled else []
        self._note('crop', start)
        estimates = {
            one.task.name: self._estimate(one, crop, track, stamp, settings)
            for one, crop in zip(enabled, crops)
        }
        return Face(track.id, track.detection, stamp - track.first_seen, track.frames, estimates)

    def _estimate(
        self,
        estimator: _Estimator,
        crop: NDArray[np.uint8],
        track: Track,
        stamp: float,
        settings: Settings,
    ) -> Estimate:
        task = estimator.task
        start = time.perf_counter()
        probabilities = estimator.classifier(crop)
        start = self._note(task.name, start)
        smooth = estimator.smoother.update(track.id, stamp, probabilities)
        self._note('smooth', start)
        return Estimate(
            task.labels,
            tuple(smooth.tolist()),
            tuple(probabilities.tolist()),
            settings.min_confidence(task),
        )

    def _note(self, stage: str, start: float) -> float:
        """Add the time since ``start`` to that of ``stage``; return the current time."""
        now = time.perf_counter()
        self._timings[stage] = self._timings.get(stage, 0.0) + now - start
        return now
