# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conversion between results and messages, for every library with ROS's attribute names.

Messages of rclpy and rosbags differ in their constructors, not in their attributes: the
constructors are arguments, everything else is shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import Any

from face_affect.core.faces import (
    Box,
    Detection,
    Estimate,
    Face,
    FrameResult,
    Location,
    UNKNOWN,
)
from face_affect.core.stamps import set_seconds, to_seconds
from face_affect.core.tasks import TASKS

UNKNOWN_CODE = 255  # the constant UNKNOWN of Emotion.msg and Gender.msg

Vector = tuple[float, float, float]


def label_of(code: int, labels: tuple[str, ...]) -> str:
    """Return the label of a message's ``code``; UNKNOWN if the code has no label."""
    return labels[code] if code < len(labels) else UNKNOWN


def code_of(label: str, labels: tuple[str, ...]) -> int:
    """Return the message code of ``label``; UNKNOWN_CODE if it is not among ``labels``."""
    return labels.index(label) if label in labels else UNKNOWN_CODE


@dataclass(frozen=True)
class ResultEncoder:
    """Encodes results as messages of one library.

    Each constructor returns a message whose fields are zero, false or empty: ``array`` a
    FaceAffectArray, ``face`` a FaceAffect, ``point`` a geometry_msgs/Point32.
    """

    array: Callable[[], Any]
    face: Callable[[], Any]
    point: Callable[[], Any]

    def encode(self, result: FrameResult, elapsed: float = 0.0) -> Any:
        """Return ``result`` as a FaceAffectArray; the caller sets the header.

        ``elapsed``: processing time in seconds; negative values count as 0.
        """
        message = self.array()
        message.image_width, message.image_height = result.width, result.height
        message.faces = [
            self.encode_face(face, result.width, result.height) for face in result.faces
        ]
        set_seconds(message.processing_time, max(elapsed, 0.0))
        return message

    def encode_face(self, face: Face, width: int, height: int) -> Any:
        """Return ``face``, in an image of ``width`` x ``height`` pixels, as a FaceAffect."""
        message = self.face()
        message.id = face.id
        roi = message.roi
        roi.x_offset, roi.y_offset, roi.width, roi.height = face.detection.box.region(
            width, height
        )
        message.score = face.detection.score
        message.landmarks = [self._encode_point(x, y) for x, y in face.detection.landmarks]
        for task in TASKS:
            _encode_estimate(getattr(message, task.name), face.estimates.get(task.name))
        set_seconds(message.tracked_for, max(face.age, 0.0))
        message.tracked_frames = face.frames
        if face.location is not None:
            message.has_bearing = True
            _encode_vector(message.bearing, face.location.bearing)
            if face.location.position is not None:
                message.has_position = True
                _encode_vector(message.position, face.location.position)
        return message

    def _encode_point(self, x: float, y: float) -> Any:
        message = self.point()
        message.x, message.y = x, y
        return message


def _encode_vector(message: Any, values: Vector) -> None:
    message.x, message.y, message.z = values


def _encode_estimate(message: Any, estimate: Estimate | None) -> None:
    if estimate is None:
        message.label = message.frame_label = UNKNOWN_CODE
        return
    message.label = code_of(estimate.label, estimate.labels)
    message.confidence = estimate.confidence
    # In place: fixed-size arrays are allocated by the constructor.
    message.probabilities[:] = estimate.probabilities
    message.frame_label = code_of(estimate.frame_label, estimate.labels)
    message.frame_confidence = estimate.frame_confidence
    message.frame_probabilities[:] = estimate.frame_probabilities


def decode_result(message: Any) -> FrameResult:
    """Return the content of a FaceAffectArray.

    Boxes are in whole pixels; ``timings`` has the processing time as 'total'.

    Raises:
        ValueError: a field is missing, as in results of other versions, a box is not inside the
            image, a confidence is outside 0..1, or another number is not finite.

    """
    try:
        return _decode_result(message)
    except AttributeError as error:
        raise ValueError(
            f"cannot decode a FaceAffectArray without field '{error.name}': it was recorded with "
            'another version of face_affect_msgs; run face-affect bag on the images again'
        ) from error


def _decode_result(message: Any) -> FrameResult:
    width, height = int(message.image_width), int(message.image_height)
    return FrameResult(
        to_seconds(message.header.stamp),
        width,
        height,
        tuple(_decode_face(face, width, height) for face in message.faces),
        {'total': to_seconds(message.processing_time)},
    )


def _decode_face(message: Any, width: int, height: int) -> Face:
    roi = message.roi
    landmarks = tuple((float(point.x), float(point.y)) for point in message.landmarks)
    estimates = {
        task.name: _decode_estimate(getattr(message, task.name), task.labels) for task in TASKS
    }
    box = Box(float(roi.x_offset), float(roi.y_offset), float(roi.width), float(roi.height))
    if width * height == 0 or box.clipped(width, height) != box:
        raise ValueError(
            f'{box} of face {message.id} is not inside the image of {width}x{height} pixels'
        )
    return Face(
        int(message.id),
        Detection(box, float(message.score), landmarks),
        to_seconds(message.tracked_for),
        int(message.tracked_frames),
        {name: estimate for name, estimate in estimates.items() if estimate is not None},
        _decode_location(message),
    )


def _decode_location(message: Any) -> Location | None:
    if not message.has_bearing:
        return None
    position = _decode_vector(message.position) if message.has_position else None
    return Location(_decode_vector(message.bearing), position)


def _decode_vector(message: Any) -> Vector:
    return float(message.x), float(message.y), float(message.z)


def _decode_estimate(message: Any, labels: tuple[str, ...]) -> Estimate | None:
    """Return the estimate with the smallest ``min_confidence`` consistent with its labels.

    None if the task was disabled. Messages do not have ``min_confidence``.
    """
    if not any(message.probabilities):
        return None
    confidences = float(message.confidence), float(message.frame_confidence)
    if not all(0 <= confidence <= 1 for confidence in confidences):
        raise ValueError(f'confidences are {confidences}, but must be from 0 to 1')
    unknown = [
        float(confidence)
        for label, confidence in (
            (message.label, message.confidence),
            (message.frame_label, message.frame_confidence),
        )
        if label_of(label, labels) == UNKNOWN
    ]
    return Estimate(
        labels,
        tuple(float(value) for value in message.probabilities),
        tuple(float(value) for value in message.frame_probabilities),
        math.nextafter(max(unknown), math.inf) if unknown else 0.0,
    )
