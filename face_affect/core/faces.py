# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What a box, a detection, an estimate and a face are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The order of FER-2013's labels.
EMOTIONS = ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')
GENDERS = ('female', 'male')
UNKNOWN = 'unknown'


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels of the image; ``x``, ``y`` is its top left corner.

    It may reach beyond the image. Width and height are positive.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """The area in square pixels."""
        return self.width * self.height

    def moved(self, dx: float, dy: float) -> Box:
        """Return the box shifted by (dx, dy) pixels."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def clipped(self, width: int, height: int) -> Box:
        """Return the part inside an image of that size; it may have no area."""
        left, top = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right = min(max(self.x + self.width, 0.0), width)
        bottom = min(max(self.y + self.height, 0.0), height)
        return Box(left, top, right - left, bottom - top)

    def region(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return the part inside an image of that size in whole pixels: x, y, width, height."""
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
    """A face that the detector found in one image.

    ``score`` 0..1; ``landmarks`` f32 [K, 2], pixels, in the order that the
    detector's sidecar names.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """A classifier's answer about one face.

    ``probabilities`` are smoothed over time and follow ``labels``; they sum to
    1. ``frame_probabilities`` are those of this image alone. ``label`` and
    ``frame_label`` are UNKNOWN where the largest probability is below
    ``min_confidence``.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    frame_probabilities: tuple[float, ...]
    min_confidence: float = 0.0

    @property
    def label(self) -> str:
        """The most probable label, or UNKNOWN."""
        return self._winner(self.probabilities)

    @property
    def best(self) -> str:
        """The most probable label, however small its probability."""
        return self.labels[self.probabilities.index(self.confidence)]

    def probability(self, label: str) -> float:
        """Return the smoothed probability of ``label``, 0..1."""
        return self.probabilities[self.labels.index(label)]

    @property
    def confidence(self) -> float:
        """The largest smoothed probability, 0..1."""
        return max(self.probabilities)

    @property
    def frame_label(self) -> str:
        """The most probable label of this image alone, or UNKNOWN."""
        return self._winner(self.frame_probabilities)

    @property
    def frame_confidence(self) -> float:
        """The largest probability of this image alone, 0..1."""
        return max(self.frame_probabilities)

    def _winner(self, probabilities: tuple[float, ...]) -> str:
        best = max(probabilities)
        return UNKNOWN if best < self.min_confidence else self.labels[probabilities.index(best)]

    def as_dict(self) -> dict[str, Any]:
        """Return label, confidence and probabilities by label, ready for JSON."""
        return {
            'label': self.label,
            'confidence': round(self.confidence, 4),
            'probabilities': {
                label: round(value, 4) for label, value in zip(self.labels, self.probabilities)
            },
        }


@dataclass(frozen=True)
class Location:
    """Where a face is, in the camera's optical frame (REP-103): x right, y down, z forward.

    ``bearing`` the direction to the middle of its box, a unit vector;
    ``position`` that point in metres, None where no depth is known.
    """

    bearing: tuple[float, float, float]
    position: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Face:
    """A face that is followed.

    ``id`` is positive and never given to another face; ``age`` seconds since it
    was first seen; ``frames`` images in which it was found. ``emotion`` and
    ``gender`` are None where that task is switched off, ``location`` where the
    camera's calibration is not known.
    """

    id: int
    detection: Detection
    age: float
    frames: int
    emotion: Estimate | None = None
    gender: Estimate | None = None
    location: Location | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the face ready for JSON; the box is [x, y, width, height] in pixels."""
        box = self.detection.box
        return {
            'id': self.id,
            'box': [round(v, 1) for v in (box.x, box.y, box.width, box.height)],
            'score': round(self.detection.score, 4),
            'emotion': self.emotion.as_dict() if self.emotion else None,
            'gender': self.gender.as_dict() if self.gender else None,
        }


@dataclass(frozen=True)
class FrameResult:
    """All faces in one image.

    ``stamp`` seconds, of the image; ``width`` and ``height`` pixels;
    ``timings`` seconds by stage.
    """

    stamp: float
    width: int
    height: int
    faces: tuple[Face, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
