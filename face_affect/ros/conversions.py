# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Convert between ROS messages and the core's images and results."""

from __future__ import annotations

import array

from face_affect_msgs.msg import FaceAffect, FaceAffectArray
from geometry_msgs.msg import Point32
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.bit_depth import BitDepth
from face_affect.core.codec import ResultEncoder
from face_affect.core.faces import Face, FrameResult
from face_affect.core.images import (
    decode_message,
    encode_jpeg,
    ImageError,
    MAX_COMPRESSED_PIXELS,
    UnknownEncodingError,
)
from face_affect.core.text import printable
from face_affect.ros.cdr import CdrCompressedImage, CdrImage, CdrImageMessage

try:
    from cv_bridge import CvBridge, CvBridgeError
except ImportError:
    CvBridge = None


def decode(
    message: CdrImageMessage,
    max_pixels: int = MAX_COMPRESSED_PIXELS,
    bit_depth: BitDepth | None = None,
    reduction: int = 1,
) -> NDArray[np.uint8]:
    """Return what ``decode_message`` does, by cv_bridge where the encoding is unknown there.

    Raises:
        ImageError: it cannot be decoded; ``reason`` says why in a word.

    """
    try:
        return decode_message(message, max_pixels, bit_depth, reduction)
    except UnknownEncodingError:
        if CvBridge is None or isinstance(message, CdrCompressedImage):
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


_ENCODER = ResultEncoder(FaceAffectArray, FaceAffect, Point32)


def face_to_message(face: Face, width: int, height: int) -> FaceAffect:
    """Return ``face`` as a message; the image has ``width`` x ``height`` pixels."""
    return _ENCODER.encode_face(face, width, height)


def result_to_message(result: FrameResult, header: Header, elapsed: float) -> FaceAffectArray:
    """Return ``result`` as a message with the header of its image; ``elapsed``: seconds."""
    message = _ENCODER.encode(result, elapsed)
    message.header = header
    return message


def image_to_message(image: NDArray[np.uint8], header: Header) -> Image:
    """Return a BGR image u8 [H, W, 3] as a message of encoding bgr8."""
    height, width = image.shape[:2]
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(image).data)
    return Image(
        header=header, height=height, width=width, encoding='bgr8', step=3 * width, data=data
    )


def image_to_compressed_message(image: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Return a BGR image u8 [H, W, 3] as a JPEG message."""
    data = array.array('B')
    data.frombytes(encode_jpeg(image))
    return CompressedImage(header=header, format='jpeg', data=data)
