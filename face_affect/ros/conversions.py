# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Between ROS messages and the core's images and results."""

from __future__ import annotations

import array

from builtin_interfaces.msg import Duration
from face_affect_msgs.msg import Emotion, FaceAffect, FaceAffectArray, Gender
from geometry_msgs.msg import Point, Point32, Vector3
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.faces import EMOTIONS, Estimate, Face, FrameResult, GENDERS, UNKNOWN
from face_affect.core.images import (
    decode_compressed,
    decode_raw,
    encode_jpeg,
    ImageError,
    UnknownEncodingError,
)
from face_affect.core.text import printable
from face_affect.ros.cdr import CdrCompressedImage, CdrImage, CdrImageMessage

try:
    from cv_bridge import CvBridge, CvBridgeError
except ImportError:
    CvBridge = None


def decode(message: CdrImageMessage) -> NDArray[np.uint8]:
    """Return the picture as u8 [H, W, 3] BGR or [H, W] gray, a view where possible.

    Raises:
        ImageError: it cannot be decoded; ``reason`` says why in a word.

    """
    if isinstance(message, CdrCompressedImage):
        return decode_compressed(message.data)
    try:
        return decode_raw(
            message.data,
            message.encoding,
            message.width,
            message.height,
            message.step,
            bool(message.is_bigendian),
        )
    except UnknownEncodingError:
        if CvBridge is None:
            raise
        return _decode_with_cv_bridge(message)


def _decode_with_cv_bridge(message: CdrImage) -> NDArray[np.uint8]:
    fields = {**vars(message), 'data': array.array('B', message.data)}
    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(Image(**fields), 'bgr8'), dtype=np.uint8)
    except (CvBridgeError, ValueError, TypeError) as error:
        raise ImageError(
            'unknown_encoding',
            f"encoding '{printable(message.encoding, 40)}' is known neither "
            f'here nor to cv_bridge: {error}',
        ) from error


def seconds(header: Header) -> float:
    """Return a header's stamp in seconds."""
    return float(header.stamp.sec + header.stamp.nanosec * 1e-9)


def duration(value: float) -> Duration:
    """Return ``value`` seconds, not negative, as a message."""
    whole, rest = divmod(round(max(value, 0.0) * 1e9), 1_000_000_000)
    return Duration(sec=whole, nanosec=rest)


# What an estimate's label is called in its message
_CODES = {
    kind: {**{label: code for code, label in enumerate(labels)}, UNKNOWN: kind.UNKNOWN}
    for kind, labels in ((Emotion, EMOTIONS), (Gender, GENDERS))
}

# A message is made with all that is in it, and then filled in: handing its parts to the
# constructor would make them twice.


def _fill_estimate(message: Emotion | Gender, estimate: Estimate | None) -> None:
    if estimate is None:
        message.label = message.frame_label = message.UNKNOWN
        return
    codes = _CODES[type(message)]
    message.label = codes[estimate.label]
    message.confidence = estimate.confidence
    message.probabilities[:] = estimate.probabilities
    message.frame_label = codes[estimate.frame_label]
    message.frame_confidence = estimate.frame_confidence
    message.frame_probabilities[:] = estimate.frame_probabilities


def face_to_message(face: Face, width: int, height: int) -> FaceAffect:
    """Return ``face`` in an image of that size as a message."""
    message = FaceAffect()
    message.id = face.id
    roi = message.roi
    roi.x_offset, roi.y_offset, roi.width, roi.height = face.detection.box.region(width, height)
    message.score = face.detection.score
    message.landmarks = [Point32(x=x, y=y) for x, y in face.detection.landmarks.tolist()]
    _fill_estimate(message.emotion, face.emotion)
    _fill_estimate(message.gender, face.gender)
    message.tracked_for = duration(face.age)
    message.tracked_frames = face.frames
    if face.location is not None:
        message.has_bearing = True
        _fill_xyz(message.bearing, face.location.bearing)
        if face.location.position is not None:
            message.has_position = True
            _fill_xyz(message.position, face.location.position)
    return message


def _fill_xyz(message: Point | Vector3, values: tuple[float, float, float]) -> None:
    message.x, message.y, message.z = values


def result_to_message(result: FrameResult, header: Header, elapsed: float) -> FaceAffectArray:
    """Return ``result`` with the image's own header; ``elapsed`` seconds were spent on it."""
    message = FaceAffectArray()
    message.header = header
    message.image_width, message.image_height = result.width, result.height
    message.faces = [face_to_message(face, result.width, result.height) for face in result.faces]
    message.processing_time = duration(elapsed)
    return message


def image_to_message(image: NDArray[np.uint8], header: Header) -> Image:
    """Return a BGR picture u8 [H, W, 3] as a raw message."""
    height, width = image.shape[:2]
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(image).tobytes())
    return Image(
        header=header, height=height, width=width, encoding='bgr8', step=3 * width, data=data
    )


def image_to_compressed_message(image: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Return a BGR picture u8 [H, W, 3] as JPEG."""
    data = array.array('B')
    data.frombytes(encode_jpeg(image))
    return CompressedImage(header=header, format='jpeg', data=data)
