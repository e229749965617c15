# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Between ROS messages and the core's images and results."""

from __future__ import annotations

import array
from typing import Any, Optional, Union

from builtin_interfaces.msg import Duration
from face_affect_msgs.msg import Emotion, FaceAffect, FaceAffectArray, Gender
from geometry_msgs.msg import Point, Point32, Vector3
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from face_affect.core.faces import Box, EMOTIONS, Estimate, Face, FrameResult, GENDERS, UNKNOWN
from face_affect.core.images import (
    decode_compressed,
    decode_raw,
    encode_jpeg,
    ImageError,
    UnknownEncodingError,
)
from face_affect.core.text import printable
from face_affect.ros.wire import WireCompressedImage, WireImage, WireMessage

try:
    from cv_bridge import CvBridge, CvBridgeError
except ImportError:
    CvBridge = None

def decode(message: WireMessage) -> NDArray[np.uint8]:
    """Return the picture as u8 [H, W, 3] BGR or [H, W] gray, a view where possible.

    Raises:
        ImageError: it cannot be decoded; ``reason`` says why in a word.

    """
    if isinstance(message, WireCompressedImage):
        return decode_compressed(message.data)
    try:
        return decode_raw(message.data, message.encoding, message.width, message.height,
                          message.step, bool(message.is_bigendian))
    except UnknownEncodingError:
        if CvBridge is None:
            raise
        return _decode_with_cv_bridge(message)


def _decode_with_cv_bridge(message: WireImage) -> NDArray[np.uint8]:
    fields = {**vars(message), 'data': array.array('B', message.data)}
    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(Image(**fields), 'bgr8'), dtype=np.uint8)
    except (CvBridgeError, ValueError, TypeError) as error:
        raise ImageError(
            'unknown_encoding', f"encoding '{printable(message.encoding, 40)}' is known neither "
            f'here nor to cv_bridge: {error}') from error


def seconds(header: Header) -> float:
    """Return a header's stamp in seconds."""
    return float(header.stamp.sec + header.stamp.nanosec * 1e-9)


def duration(value: float) -> Duration:
    """Return ``value`` seconds, not negative, as a message."""
    whole, rest = divmod(round(max(value, 0.0) * 1e9), 1_000_000_000)
    return Duration(sec=whole, nanosec=rest)


def _region(box: Box, width: int, height: int) -> RegionOfInterest:
    x, y, inside_width, inside_height = box.region(width, height)
    return RegionOfInterest(x_offset=x, y_offset=y, width=inside_width, height=inside_height)


def _estimate(
    estimate: Optional[Estimate], kind: Union[type[Emotion], type[Gender]], labels: tuple[str, ...]
) -> Union[Emotion, Gender]:
    message = kind(label=kind.UNKNOWN, frame_label=kind.UNKNOWN)
    if estimate is None:
        return message
    codes = {**{label: code for code, label in enumerate(labels)}, UNKNOWN: kind.UNKNOWN}
    message.label = codes[estimate.label]
    message.confidence = estimate.confidence
    message.probabilities = estimate.probabilities
    message.frame_label = codes[estimate.frame_label]
    message.frame_confidence = estimate.frame_confidence
    message.frame_probabilities = estimate.frame_probabilities
    return message


def face_to_message(face: Face, width: int, height: int) -> FaceAffect:
    """Return ``face`` in an image of that size as a message."""
    message = FaceAffect(
        id=face.id, roi=_region(face.detection.box, width, height), score=face.detection.score,
        landmarks=[Point32(x=x, y=y) for x, y in face.detection.landmarks.tolist()],
        emotion=_estimate(face.emotion, Emotion, EMOTIONS),
        gender=_estimate(face.gender, Gender, GENDERS),
        tracked_for=duration(face.age), tracked_frames=face.frames)
    if face.location is not None:
        message.has_bearing = True
        message.bearing = _xyz(Vector3, face.location.bearing)
        if face.location.position is not None:
            message.has_position = True
            message.position = _xyz(Point, face.location.position)
    return message


def _xyz(kind: type, values: tuple[float, float, float]) -> Any:
    x, y, z = values
    return kind(x=x, y=y, z=z)


def result_to_message(result: FrameResult, header: Header, elapsed: float) -> FaceAffectArray:
    """Return ``result`` with the image's own header; ``elapsed`` seconds were spent on it."""
    return FaceAffectArray(
        header=header, image_width=result.width, image_height=result.height,
        faces=[face_to_message(face, result.width, result.height) for face in result.faces],
        processing_time=duration(elapsed))


def image_to_message(image: NDArray[np.uint8], header: Header) -> Image:
    """Return a BGR picture u8 [H, W, 3] as a raw message."""
    height, width = image.shape[:2]
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(image).tobytes())
    return Image(header=header, height=height, width=width, encoding='bgr8', step=3 * width,
                 data=data)


def image_to_compressed_message(image: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Return a BGR picture u8 [H, W, 3] as JPEG."""
    data = array.array('B')
    data.frombytes(encode_jpeg(image))
    return CompressedImage(header=header, format='jpeg', data=data)
