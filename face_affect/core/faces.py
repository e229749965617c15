# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Data classes of results: box, detection, estimate, location, face, frame result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
import math
from typing import Any

from face_affect.core.tasks import EMOTION, GENDER, TASKS

EMOTIONS, GENDERS = EMOTION.labels, GENDER.labels
UNKNOWN = 'unknown'


def _check_finite(name: str, values: Iterable[float]) -> None:
    """Validate numbers of a result.

    Raises:
        ValueError: one of them is NaN or infinite.

    """
    values = tuple(values)
    if not all(map(math.isfinite, values)):
        raise ValueError(f'{name} is {values}, but must be finite')


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels of the image; ``x``, ``y`` is its top left corner.

    It may reach beyond the image. Width and height are positive.

    >>> from face_affect import Box
    >>> Box(0, 0, 10, 10).iou(Box(5, 0, 10, 10))
    0.3333333333333333
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The centre, (x, y) in pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """The area in square pixels."""
        return self.width * self.height

    def moved(self, dx: float, dy: float) -> Box:
        """Return the box shifted by (dx, dy) pixels."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def scaled(self, factor: float) -> Box:
        """Return the box in the image resized to ``factor`` times its width and height."""
        return Box(self.x * factor, self.y * factor, self.width * factor, self.height * factor)

    def clipped(self, width: int, height: int) -> Box:
        """Return the intersection with an image of that size in pixels; its area may be 0."""
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right = min(max(self.x + self.width, 0.0), width)
        bottom = min(max(self.y + self.height, 0.0), height)
        return Box(left, top, right - left, bottom - top)

    def region(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return the intersection with an image in whole pixels: x, y, width, height."""
        inside = self.clipped(width, height)
        left, top = int(inside.x), int(inside.y)
        return (
            left,
            top,
            min(round(inside.x + inside.width), width) - left,
            min(round(inside.y + inside.height), height) - top,
        )

    def iou(self, other: Box) -> float:
        """Return intersection over union with ``other``, 0..1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True)
class Detection:
    """A face detected in one image.

    ``score`` 0..1; ``landmarks`` (x, y) in pixels, in the order of the labels in the detector's
    sidecar; ``base_roll`` 0, 90, 180 or 270: the roll in degrees, clockwise in the image, of an
    upright face in the rotation of the image in which this one was detected.
    """

    box: Box
    score: float
    landmarks: tuple[tuple[float, float], ...] = ()
    base_roll: int = 0

    def scaled(self, factor: float) -> Detection:
        """Return the detection in the image resized to ``factor`` times its width and height."""
        landmarks = tuple((x * factor, y * factor) for x, y in self.landmarks)
        return replace(self, box=self.box.scaled(factor), landmarks=landmarks)


@dataclass(frozen=True)
class Estimate:
    """A classifier's estimate for one face.

    ``probabilities`` in the order of ``labels``, smoothed over time; they sum to 1.
    ``frame_probabilities`` are those of this image alone. ``label`` and ``frame_label`` are
    UNKNOWN where the largest probability is below ``min_confidence``, 0..1.

    >>> from face_affect import Estimate
    >>> estimate = Estimate(('female', 'male'), (0.3, 0.7), (0.1, 0.9), min_confidence=0.6)
    >>> estimate.label, estimate.confidence, estimate.frame_confidence
    ('male', 0.7, 0.9)
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    frame_probabilities: tuple[float, ...]
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        """Validate the probabilities.

        Raises:
            ValueError: one is not finite, or their number differs from that of the labels.

        """
        for values in (self.probabilities, self.frame_probabilities):
            if len(values) != len(self.labels):
                raise ValueError(
                    f'there are {len(values)} probabilities, but {len(self.labels)} labels; '
                    'their numbers must be equal'
                )
            _check_finite('a probability', values)

    @property
    def label(self) -> str:
        """The most probable label; UNKNOWN below ``min_confidence``."""
        return self._winner(self.probabilities)

    @property
    def best(self) -> str:
        """The most probable label, regardless of ``min_confidence``."""
        return self.labels[self.probabilities.index(self.confidence)]

    def probability(self, label: str) -> float:
        """Return the smoothed probability of ``label``, 0..1.

        Raises:
            ValueError: ``label`` is not among ``labels``.

        """
        return self.probabilities[self.labels.index(label)]

    @property
    def confidence(self) -> float:
        """The largest smoothed probability, 0..1."""
        return max(self.probabilities)

    @property
    def frame_label(self) -> str:
        """The most probable label of this image alone; UNKNOWN below ``min_confidence``."""
        return self._winner(self.frame_probabilities)

    @property
    def frame_confidence(self) -> float:
        """The largest probability of this image alone, 0..1."""
        return max(self.frame_probabilities)

    def _winner(self, probabilities: tuple[float, ...]) -> str:
        best = max(probabilities)
        return UNKNOWN if best < self.min_confidence else self.labels[probabilities.index(best)]

    def as_dict(self) -> dict[str, Any]:
        """Return label, confidence and probabilities by label, serialisable as JSON."""
        return {
            'label': self.label,
            'confidence': round(self.confidence, 4),
            'probabilities': {
                label: round(value, 4) for label, value in zip(self.labels, self.probabilities)
            },
        }


@dataclass(frozen=True)
class Location:
    """The location of a face in the camera's optical frame (REP-103): x right, y down, z forward.

    ``bearing`` unit vector to the centre of the box; ``position`` of that point in metres, None
    without a valid depth.
    """

    bearing: tuple[float, float, float]
    position: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        """Validate the coordinates.

        Raises:
            ValueError: one is not finite.

        """
        _check_finite('bearing', self.bearing)
        _check_finite('position', self.position or ())


@dataclass(frozen=True)
class Face:
    """A tracked face.

    ``id`` is positive and never reused; ``age`` seconds since the first detection; ``frames``
    number of images with a detection; ``estimates`` by task name, of enabled tasks only;
    ``location`` is None without a camera calibration.
    """

    id: int
    detection: Detection
    age: float
    frames: int
    # A mapping is not hashable.
    estimates: Mapping[str, Estimate] = field(default_factory=dict, hash=False)
    location: Location | None = None

    def __post_init__(self) -> None:
        """Validate box, score and age.

        Raises:
            ValueError: a number is not finite.

        """
        box = self.detection.box
        _check_finite('box', (box.x, box.y, box.width, box.height))
        _check_finite('score', (self.detection.score,))
        _check_finite('age', (self.age,))
        for point in self.detection.landmarks:
            _check_finite('landmark', point)

    @property
    def emotion(self) -> Estimate | None:
        """The estimate of the emotion; None if it is disabled."""
        return self.estimates.get(EMOTION.name)

    @property
    def gender(self) -> Estimate | None:
        """The estimate of the gender; None if it is disabled."""
        return self.estimates.get(GENDER.name)

    def as_dict(self) -> dict[str, Any]:
        """Return the face, serialisable as JSON; the box is [x, y, width, height] in pixels."""
        box = self.detection.box
        return {
            'id': self.id,
            'box': [round(v, 1) for v in (box.x, box.y, box.width, box.height)],
            'score': round(self.detection.score, 4),
            **{
                task.name: self.estimates[task.name].as_dict()
                if task.name in self.estimates
                else None
                for task in TASKS
            },
        }


@dataclass(frozen=True)
class FrameResult:
    """The faces in one image.

    ``stamp`` of the image in seconds; ``width`` and ``height`` in pixels; ``timings`` seconds
    per stage, ignored in comparisons; ``rotate`` clockwise rotation in degrees before detection.
    Coordinates are those of the image before this rotation.
    """

    stamp: float
    width: int
    height: int
    faces: tuple[Face, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict, compare=False)
    rotate: int = 0

    def faces_at(self, width: int) -> tuple[Face, ...]:
        """Return the faces in the coordinates of the image resized to ``width`` pixels."""
        return tuple(
            replace(face, detection=face.detection.scaled(width / self.width))
            for face in self.faces
        )
