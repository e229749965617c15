# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""One frame through all of it: detect, track, crop, classify, smooth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import time

import numpy as np
from numpy.typing import NDArray

from face_affect.core.classification import Classifier
from face_affect.core.crop import crop_views
from face_affect.core.detection import large_enough, load_detector
from face_affect.core.faces import Detection, Estimate, Face, FrameResult
from face_affect.core.models import find_model, Sidecar
from face_affect.core.smoothing import Smoother
from face_affect.core.tiling import TiledDetector
from face_affect.core.tracking import Track, Tracker


@dataclass(frozen=True)
class ModelNames:
    """Which models run: names of models in the package, or absolute paths of sidecars."""

    detector: str = 'face_detector'
    emotion: str = 'emotion_mini_residual'
    gender: str = 'gender_mini_residual'


# Seconds for which a far face is reported where it was seen last, while others are looked at.
FAR_MEMORY = 0.7
# By how much the odds of a face that is followed already may be less than those of a new one. With
# 1.2 two people who walk up are lost now and then, with 2 what is left of one who goes stays on.
ODDS_OF_NEW = 1.5


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f'{name} is {value}, but must be from {low} to {high}')


@dataclass(frozen=True)
class Settings:
    """What may change from one frame to the next.

    ``detection_threshold`` 0..1, least score of a new face: of one that is followed
    already less suffices, 0.5 for 0.6; the two ``min_confidence`` 0..1; ``detect_far``:
    look for small faces in the full resolution too, see ``far``; ``min_face_size``
    pixels; ``confirm_frames`` images in which a face must be found before it is
    reported; ``forget_time`` and ``smoothing_time`` seconds; ``match_iou`` 0..1, least
    overlap of the box found and the box expected to be the same face, see ``matching``.
    """

    enable_emotion: bool = True
    enable_gender: bool = True
    detection_threshold: float = 0.6
    detect_far: bool = False
    min_face_size: int = 0
    confirm_frames: int = 2
    forget_time: float = 2.0
    match_iou: float = 0.3
    smoothing_time: float = 0.5
    emotion_min_confidence: float = 0.4
    gender_min_confidence: float = 0.6

    def __post_init__(self) -> None:
        """Refuse values out of range.

        Raises:
            ValueError: the message names the setting, its value and its range.

        """
        _check('detection_threshold', self.detection_threshold, 0.0, 1.0)
        _check('min_face_size', self.min_face_size, 0, 4096)
        _check('confirm_frames', self.confirm_frames, 1, 100)
        _check('forget_time', self.forget_time, 0.0, 60.0)
        _check('match_iou', self.match_iou, 0.0, 1.0)
        _check('smoothing_time', self.smoothing_time, 0.0, 60.0)
        _check('emotion_min_confidence', self.emotion_min_confidence, 0.0, 1.0)
        _check('gender_min_confidence', self.gender_min_confidence, 0.0, 1.0)


class Pipeline:
    """Finds, follows and reads the faces of one camera.

    Not thread-safe, but ``settings`` may be replaced from another thread: the
    next frame takes them up as a whole.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        models: ModelNames | None = None,
        threads: int = 1,
        first_id: int = 1,
    ) -> None:
        """Load the networks; the first face gets ``first_id``.

        Raises:
            ModelError: a model is missing, altered or does not fit.

        """
        self.settings = settings or Settings()
        models = models or ModelNames()
        detector = find_model(models.detector, 'face_detection')
        emotion = find_model(models.emotion, 'emotion')
        gender = find_model(models.gender, 'gender')
        self._detector = load_detector(detector, threads)
        self._far_sight = TiledDetector(self._detector)
        self._far_faces: dict[int, Face] = {}
        self._emotion = Classifier(emotion, detector.name, threads)
        self._gender = Classifier(gender, detector.name, threads)
        self.sidecars: tuple[Sidecar, ...] = (detector, emotion, gender)
        self._tracker = Tracker(first_id=first_id)
        self._smoothers = {'emotion': Smoother(), 'gender': Smoother()}
        self._timings: dict[str, float] = {}

    @property
    def next_id(self) -> int:
        """An id greater than all that were given so far."""
        return self._tracker.next_id

    def reset(self) -> None:
        """Forget all faces; ids go on."""
        self._tracker.reset()
        self._far_sight.reset()
        self._far_faces = {}

    def process(self, image: NDArray[np.uint8], stamp: float) -> FrameResult:
        """Read the faces in one image.

        Args:
            image: u8 [H, W, 3] BGR or [H, W] gray.
            stamp: seconds, when the image was taken; a step back forgets all faces.

        """
        settings = self.settings
        self._timings = {}
        self._tracker.new_face_score = settings.detection_threshold
        self._tracker.confirm_frames = settings.confirm_frames
        self._tracker.forget_time = settings.forget_time
        self._tracker.match_iou = settings.match_iou
        start = time.perf_counter()
        detections = large_enough(self._detect(image, stamp, settings), settings.min_face_size)
        start = self._note('detect', start)
        tracks = self._tracker.update(detections, stamp, image)
        for smoother in self._smoothers.values():
            smoother.time_constant = settings.smoothing_time
            smoother.keep(self._tracker.ids)
        self._note('track', start)
        faces = [self._face(image, track, stamp, settings) for track in tracks]
        if settings.detect_far:
            faces += self._far_faces_besides(faces, image.shape, stamp)
        height, width = image.shape[:2]
        return FrameResult(stamp, width, height, tuple(faces), self._timings)

    def _detect(
        self, image: NDArray[np.uint8], stamp: float, settings: Settings
    ) -> list[Detection]:
        new = settings.detection_threshold
        threshold = new / (new + ODDS_OF_NEW * (1 - new))
        if not settings.detect_far:
            return self._detector(image, threshold)
        far = [
            track
            for track in self._tracker.tracks
            if self._far_sight.is_far(track.detection.box, image.shape)
        ]
        # First those that are not confirmed yet, then those not seen for longest.
        far.sort(key=lambda track: (track.frames >= settings.confirm_frames, track.last_seen))
        return self._far_sight(image, threshold, [track.predicted(stamp) for track in far])

    def _far_faces_besides(
        self, seen: Sequence[Face], shape: tuple[int, ...], stamp: float
    ) -> list[Face]:
        """Return the far faces that were seen a moment ago, but not looked at in this image."""
        recent = {
            track.id: track
            for track in self._tracker.tracks
            if stamp - track.last_seen <= FAR_MEMORY
        }
        ids = {face.id for face in seen}
        besides = {
            id: replace(face, age=stamp - recent[id].first_seen)
            for id, face in self._far_faces.items()
            if id in recent and id not in ids
        }
        self._far_faces = {
            **besides,
            **{
                face.id: face for face in seen if self._far_sight.is_far(face.detection.box, shape)
            },
        }
        return list(besides.values())

    def _face(
        self, image: NDArray[np.uint8], track: Track, stamp: float, settings: Settings
    ) -> Face:
        asked = []
        if settings.enable_emotion:
            asked.append((self._emotion, settings.emotion_min_confidence))
        if settings.enable_gender:
            asked.append((self._gender, settings.gender_min_confidence))
        start = time.perf_counter()
        crops = (
            crop_views(image, track.detection.box, [classifier.view for classifier, _ in asked])
            if asked
            else []
        )
        self._note('crop', start)
        estimates = {
            classifier.sidecar.task: self._estimate(classifier, crop, track, stamp, least)
            for (classifier, least), crop in zip(asked, crops)
        }
        return Face(
            track.id,
            track.detection,
            stamp - track.first_seen,
            track.frames,
            estimates.get('emotion'),
            estimates.get('gender'),
        )

    def _estimate(
        self,
        classifier: Classifier,
        crop: NDArray[np.uint8],
        track: Track,
        stamp: float,
        min_confidence: float,
    ) -> Estimate:
        task = classifier.sidecar.task
        start = time.perf_counter()
        probabilities = classifier(crop)
        start = self._note(task, start)
        smooth = self._smoothers[task].update(track.id, stamp, probabilities)
        self._note('smooth', start)
        return Estimate(
            classifier.sidecar.labels,
            tuple(smooth.tolist()),
            tuple(probabilities.tolist()),
            min_confidence,
        )

    def _note(self, stage: str, start: float) -> float:
        """Add the time since ``start`` to that of ``stage``; return the time now."""
        now = time.perf_counter()
        self._timings[stage] = self._timings.get(stage, 0.0) + now - start
        return now
