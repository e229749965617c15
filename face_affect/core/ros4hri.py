# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conversion of faces to the values of ROS4HRI (REP-155), without its messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, EMOTIONS, GENDERS, UNKNOWN

# Emotion -> constant of hri_msgs/Expression
EXPRESSIONS = {
    'angry': 'angry',
    'disgust': 'disgusted',
    'fear': 'scared',
    'happy': 'happy',
    'sad': 'sad',
    'surprise': 'surprised',
    'neutral': 'neutral',
}

# Valence (pleasure) and arousal, -1..1, of the terms angry, disgusted, fearful, happy, sad and
# surprised in Russell and Mehrabian 1977, "Evidence for a three-factor theory of emotions",
# Journal of Research in Personality 11, 273-294, as reprinted by later work; neutral is the
# origin of the scale.
VALENCE_AROUSAL = {
    'angry': (-0.51, 0.59),
    'disgust': (-0.60, 0.35),
    'fear': (-0.64, 0.60),
    'happy': (0.81, 0.51),
    'sad': (-0.63, -0.27),
    'surprise': (0.40, 0.67),
    'neutral': (0.0, 0.0),
}

# The constants of hri_msgs/SoftBiometrics
GENDER_CODES = {UNKNOWN: 0, 'female': 1, 'male': 2}


@dataclass(frozen=True)
class Expression:
    """The values of an hri_msgs/Expression.

    ``expression`` '' if unknown; ``valence`` and ``arousal`` -1..1; ``confidence`` 0..1.
    """

    expression: str
    valence: float
    arousal: float
    confidence: float


@dataclass(frozen=True)
class Region:
    """The values of an hri_msgs/NormalizedRegionOfInterest2D, 0..1; ``c`` is the score."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float
    c: float


def face_id(number: int) -> str:
    """Return the ROS4HRI identifier of a face: 'f' and its id in hexadecimal.

    Topic names must begin with a letter.
    """
    return f'f{number:x}'


def face_frame(number: int) -> str:
    """Return the name of a face's TF frame."""
    return f'face_{face_id(number)}'


def expression(label: str, confidence: float, probabilities: Sequence[float]) -> Expression:
    """Return the expression of a face.

    Args:
        label: the most probable emotion, or UNKNOWN if its probability is too low.
        confidence: of the most probable emotion, 0..1.
        probabilities: of all emotions in the order of EMOTIONS, 0..1. Valence and arousal are
            their expected values, also for an UNKNOWN label.

    """
    points = np.array([VALENCE_AROUSAL[name] for name in EMOTIONS])
    valence, arousal = (np.asarray(probabilities, dtype=np.float64) @ points).tolist()
    return Expression(EXPRESSIONS.get(label, ''), valence, arousal, confidence)


def gender(label: str, confidence: float) -> tuple[int, float]:
    """Return the gender code and confidence, 0..1, of hri_msgs/SoftBiometrics.

    UNKNOWN becomes UNDEFINED with confidence 0.
    """
    code = GENDER_CODES[label if label in GENDERS else UNKNOWN]
    return code, confidence if code else 0.0


def region(box: Box, score: float, width: int, height: int) -> Region:
    """Return ``box``, clipped and normalised by the image's size in pixels."""
    inside = box.clipped(width, height)
    return Region(
        inside.x / width,
        inside.y / height,
        (inside.x + inside.width) / width,
        (inside.y + inside.height) / height,
        score,
    )


def cropped(image: NDArray[np.uint8], box: Box, width: int, height: int) -> NDArray[np.uint8]:
    """Return the crop of a face, resized with its aspect ratio, centred and zero-padded.

    Args:
        image: u8 [H, W, 3] BGR or [H, W] gray.
        box: the face in pixels of ``image``, to which it is clipped.
        width: of the result in pixels.
        height: of the result in pixels.

    Returns:
        u8 [height, width, 3] BGR.

    """
    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    inside = box.clipped(image.shape[1], image.shape[0])
    left, top = int(inside.x), int(inside.y)
    right, bottom = math.ceil(inside.x + inside.width), math.ceil(inside.y + inside.height)
    result = np.zeros((height, width, 3), np.uint8)
    if right <= left or bottom <= top:
        return result
    scale = min(width / (right - left), height / (bottom - top))
    scaled_width = min(width, max(1, round((right - left) * scale)))
    scaled_height = min(height, max(1, round((bottom - top) * scale)))
    face = cv2.resize(
        image[top:bottom, left:right],
        (scaled_width, scaled_height),
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
    )
    x, y = (width - scaled_width) // 2, (height - scaled_height) // 2
    result[y : y + scaled_height, x : x + scaled_width] = face
    return result


class TrackedFaces:
    """The current faces; a face without a detection is kept for ``keep`` seconds.

    A single missed detection thus does not end the topics of a face.
    """

    def __init__(self, keep: float) -> None:
        """Start without faces."""
        self._keep = keep
        self._seen: dict[int, float] = {}

    @property
    def numbers(self) -> list[int]:
        """The ids of the current faces in ascending order."""
        return sorted(self._seen)

    def update(self, found: Iterable[int], now: float) -> list[int]:
        """Add the ids detected at ``now``, seconds; remove and return the expired ids."""
        self._seen.update(dict.fromkeys(found, now))
        gone = [number for number, seen in self._seen.items() if now - seen > self._keep]
        for number in gone:
            del self._seen[number]
        return gone
