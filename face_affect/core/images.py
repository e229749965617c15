# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Decoding of camera data to images, without a copy where the layout allows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.bit_depth import BitDepth
from face_affect.core.image_header import image_format, image_size
from face_affect.core.parameters import parameter, ParameterGroup
from face_affect.core.reduction import DECODING_FLAGS
from face_affect.core.text import printable

Pixels = NDArray[np.uint8]

MAX_SIDE = 16384
MAX_PIXELS = 2**26  # 64 megapixels, 200 MB as BGR
MAX_COMPRESSED_PIXELS = 4096 * 2160  # 4K, 27 MB as BGR
TOPIC_FORMATS = ('JPEG', 'PNG')
# Of exposure_fault: mean and standard deviation of brightness, 0..255; sampling step in pixels
DARK, FLAT, SAMPLING = 10.0, 3.0, 8
FILE_FORMATS = ('JPEG', 'PNG', 'BMP', 'WebP', 'TIFF', 'PNM', 'JPEG 2000')


@dataclass(frozen=True)
class DecodingSettings(ParameterGroup):
    """Limits of the decoding of compressed images."""

    max_image_pixels: int = parameter(
        MAX_COMPRESSED_PIXELS,
        'maximum width times height of a compressed image, larger ones are dropped (bad_size) '
        'before they are decoded; the default is 4K, 4096x2160',
        low=1,
        high=MAX_PIXELS,
    )


class ImageError(ValueError):
    """An image cannot be used; ``reason`` is the key of its drop counter.

    The message is printable.
    """

    def __init__(self, reason: str, message: str) -> None:
        """Store the drop reason and the message."""
        super().__init__(printable(message))
        self.reason = reason


class UnknownEncodingError(ImageError):
    """The encoding is not supported."""

    def __init__(self, encoding: str) -> None:
        """List the supported encodings in the message."""
        super().__init__(
            'unknown_encoding',
            f"encoding '{printable(encoding, 40)}' is not supported; "
            f'supported are {", ".join(supported_encodings())}',
        )


def check_image(image: Any) -> None:
    """Validate the type, dtype and shape of an image.

    Raises:
        TypeError: ``image`` is not a numpy array of dtype uint8.
        ValueError: its shape is neither [H, W, 3] nor [H, W], or it has no pixels.

    """
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f'image is of type {type(image).__name__}, but must be a numpy array of dtype uint8, '
            'shape [H, W, 3] (BGR) or [H, W] (gray)'
        )
    if image.dtype != np.uint8:
        raise TypeError(
            f'image has dtype {image.dtype}, but must have uint8; scale its values to 0..255 and '
            'convert it with astype(numpy.uint8)'
        )
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or not image.size:
        raise ValueError(
            f'image has shape {image.shape}, but must have [H, W, 3] (BGR) or [H, W] (gray), '
            'with at least one pixel'
        )


def _same(pixels: Pixels) -> Pixels:
    return pixels


def _cvt(code: int) -> Callable[[Pixels], Pixels]:
    def convert(pixels: Pixels) -> Pixels:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), code), dtype=np.uint8)

    return convert


# Encoding (sensor_msgs/image_encodings.hpp) -> bytes per pixel, channels per pixel, conversion to
# BGR or gray. OpenCV names a Bayer pattern by the second and third pixel of the second row: ROS
# rggb is OpenCV BG.
_ENCODINGS: dict[str, tuple[int, int, Callable[[Pixels], Pixels]]] = {
    'bgr8': (3, 3, _same),
    '8UC3': (3, 3, _same),
    'rgb8': (3, 3, _cvt(cv2.COLOR_RGB2BGR)),
    'bgra8': (4, 4, _cvt(cv2.COLOR_BGRA2BGR)),
    '8UC4': (4, 4, _cvt(cv2.COLOR_BGRA2BGR)),
    'rgba8': (4, 4, _cvt(cv2.COLOR_RGBA2BGR)),
    'mono8': (1, 1, _same),
    '8UC1': (1, 1, _same),
    'mono16': (2, 1, _same),
    '16UC1': (2, 1, _same),
    'yuv422_yuy2': (2, 2, _cvt(cv2.COLOR_YUV2BGR_YUY2)),
    'yuyv': (2, 2, _cvt(cv2.COLOR_YUV2BGR_YUY2)),
    'yuv422': (2, 2, _cvt(cv2.COLOR_YUV2BGR_UYVY)),
    'uyvy': (2, 2, _cvt(cv2.COLOR_YUV2BGR_UYVY)),
    'nv12': (1, 1, _cvt(cv2.COLOR_YUV2BGR_NV12)),
    'nv21': (1, 1, _cvt(cv2.COLOR_YUV2BGR_NV21)),
    'bayer_rggb8': (1, 1, _cvt(cv2.COLOR_BayerBG2BGR)),
    'bayer_bggr8': (1, 1, _cvt(cv2.COLOR_BayerRG2BGR)),
    'bayer_gbrg8': (1, 1, _cvt(cv2.COLOR_BayerGR2BGR)),
    'bayer_grbg8': (1, 1, _cvt(cv2.COLOR_BayerGB2BGR)),
    'bayer_rggb16': (2, 1, _cvt(cv2.COLOR_BayerBG2BGR)),
    'bayer_bggr16': (2, 1, _cvt(cv2.COLOR_BayerRG2BGR)),
    'bayer_gbrg16': (2, 1, _cvt(cv2.COLOR_BayerGR2BGR)),
    'bayer_grbg16': (2, 1, _cvt(cv2.COLOR_BayerGB2BGR)),
}
_SIXTEEN_BIT = {name for name in _ENCODINGS if name.endswith('16') or name == '16UC1'}
_SEMI_PLANAR = {'nv12', 'nv21'}
_EVEN_WIDTH = {'yuv422_yuy2', 'yuyv', 'yuv422', 'uyvy'} | _SEMI_PLANAR


def _check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ImageError(
            'bad_size',
            f'image size is {width}x{height}, but must be from 1 to {MAX_SIDE} pixels per side',
        )
    if width * height > max_pixels:
        raise ImageError(
            'bad_size',
            f'image size {width}x{height} is {width * height} pixels, but must be at most '
            f'{max_pixels}',
        )


def supported_encodings() -> list[str]:
    """Return the encodings that ``decode_raw`` supports, sorted."""
    return sorted(_ENCODINGS)


def decode_raw(
    data: bytes | bytearray | memoryview | Pixels,
    encoding: str,
    width: int,
    height: int,
    step: int,
    is_bigendian: bool = False,
    bit_depth: BitDepth | None = None,
) -> Pixels:
    """Decode raw camera data to u8 [H, W, 3] BGR or, from gray data, [H, W].

    bgr8, 8UC3, mono8 and 8UC1 give a view of ``data``, all others a copy.

    >>> decode_raw(bytes([255, 0, 0, 0, 255, 0]), 'rgb8', width=2, height=1, step=6).tolist()
    [[[0, 0, 255], [0, 255, 0]]]

    Args:
        data: the rows, ``step`` bytes each, as in sensor_msgs/Image.
        encoding: a name of sensor_msgs/image_encodings.hpp.
        width: pixels.
        height: pixels.
        step: bytes from one row to the next, padding included.
        is_bigendian: whether sixteen-bit values are big-endian.
        bit_depth: the camera's bit depth, which is updated; without it, that of this image.

    Raises:
        UnknownEncodingError: the encoding is not supported.
        ImageError: size, step and data are inconsistent ('bad_size', 'bad_step', 'short_data').

    """
    if encoding not in _ENCODINGS:
        raise UnknownEncodingError(encoding)
    pixel_bytes, channels, convert = _ENCODINGS[encoding]
    _check_size(width, height)
    if encoding in _EVEN_WIDTH and (width % 2 or (encoding in _SEMI_PLANAR and height % 2)):
        raise ImageError(
            'bad_size',
            f'image size is {width}x{height}, but {encoding} needs an even '
            f'{"width and height" if encoding in _SEMI_PLANAR else "width"}',
        )
    row_bytes = width * pixel_bytes
    if step < row_bytes:
        raise ImageError(
            'bad_step',
            f'step is {step}, but a row of {width} {encoding} pixels needs {row_bytes} bytes',
        )
    rows = height * 3 // 2 if encoding in _SEMI_PLANAR else height
    buffer = np.frombuffer(data, dtype=np.uint8)
    # The last row's padding may be missing.
    needed = step * (rows - 1) + row_bytes
    if buffer.size < needed:
        raise ImageError(
            'short_data',
            f'data has {buffer.size} bytes, but {rows} rows with step {step} need {needed}',
        )
    shape = (rows, width) if channels == 1 else (rows, width, channels)
    if encoding in _SIXTEEN_BIT:
        kind = '>u2' if is_bigendian else '<u2'
        values: NDArray[Any] = np.ndarray(shape, kind, buffer, strides=(step, 2))
        return convert((bit_depth or BitDepth()).reduce(values))
    strides = (step, pixel_bytes) if channels == 1 else (step, pixel_bytes, 1)
    return convert(np.lib.stride_tricks.as_strided(buffer, shape, strides, writeable=False))


def decode_message(
    message: Any,
    max_pixels: int = MAX_COMPRESSED_PIXELS,
    bit_depth: BitDepth | None = None,
    reduction: int = 1,
) -> Pixels:
    """Decode an image message to u8 [H, W, 3] BGR or [H, W] gray, a view where possible.

    Args:
        message: has the attributes of sensor_msgs Image or CompressedImage, in any ROS library.
        max_pixels: maximum width times height of a compressed image.
        bit_depth: the camera's bit depth, which is updated; without it, that of this image.
        reduction: that of a compressed image, see ``reduction_of``.

    Raises:
        UnknownEncodingError: the encoding of raw data is not supported.
        ImageError: the data cannot be decoded; for ``reason`` see decode_raw and
            decode_compressed.

    """
    if not hasattr(message, 'encoding'):
        return decode_compressed(message.data, max_pixels, bit_depth, reduction)
    return decode_raw(
        message.data,
        message.encoding,
        message.width,
        message.height,
        message.step,
        bool(message.is_bigendian),
        bit_depth,
    )


def decode_compressed(
    data: bytes | bytearray | memoryview | Pixels,
    max_pixels: int = MAX_COMPRESSED_PIXELS,
    bit_depth: BitDepth | None = None,
    reduction: int = 1,
) -> Pixels:
    """Decode the JPEG or PNG of a sensor_msgs/CompressedImage to u8 [H, W, 3] BGR or [H, W] gray.

    Other formats are rejected, so that a publisher cannot choose among OpenCV's decoders.

    Args:
        data: the encoded image.
        max_pixels: maximum width times height. It is checked against the header before decoding,
            so that a small message cannot allocate much memory.
        bit_depth: the camera's bit depth, by which a sixteen-bit PNG is reduced, and which is
            updated; without it, that of this image.
        reduction: divisor of width and height, 1, 2, 4 or 8; see ``reduction_of``.

    Raises:
        ImageError: the data cannot be decoded ('undecodable'), or the size in the header is out
            of range ('bad_size').

    """
    content = bytes(data)
    name = _format_among(TOPIC_FORMATS, content, 'a compressed image')
    return _decode_encoded(content, name, max_pixels, DECODING_FLAGS[reduction], bit_depth)


def decode_picture(content: bytes) -> Pixels:
    """Decode the content of an image file of one of FILE_FORMATS to u8 [H, W, 3] BGR.

    Raises:
        ImageError: it cannot be decoded ('undecodable'), or the size in its header is out of
            range ('bad_size').

    """
    name = _format_among(FILE_FORMATS, content, 'a picture')
    return _decode_encoded(content, name, MAX_PIXELS, cv2.IMREAD_COLOR, None)


def _format_among(known: Sequence[str], content: bytes, what: str) -> str:
    name = image_format(content)
    if name is None or name not in known:
        raise ImageError(
            'undecodable',
            f'cannot decode {len(content)} bytes of {name or _start(content)}; '
            f'{what} must be {", ".join(known[:-1])} or {known[-1]}',
        )
    return name


def _start(content: bytes) -> str:
    """Describe data of unknown format by its first bytes."""
    return 'unknown format' + (f' that begin with {content[:8].hex(" ")}' if content else '')


def _decode_encoded(
    content: bytes, name: str, max_pixels: int, flag: int, bit_depth: BitDepth | None
) -> Pixels:
    buffer = np.frombuffer(content, dtype=np.uint8)
    try:
        _check_size(*image_size(content, name), max_pixels)
        image = cv2.imdecode(buffer, flag | cv2.IMREAD_ANYDEPTH)
        if image is not None and image.dtype == np.uint16:
            image = (bit_depth or BitDepth()).reduce(image)
        elif image is not None and image.dtype != np.uint8:
            image = cv2.imdecode(buffer, flag)
    except ImageError:
        raise
    except (cv2.error, ValueError) as error:
        reason = getattr(error, 'err', None) or error
        raise ImageError(
            'undecodable', f'cannot decode {len(content)} bytes of {name}: {reason}'
        ) from error
    if image is None:
        raise ImageError(
            'undecodable', f'cannot decode {len(content)} bytes of {name}: invalid or truncated'
        )
    _check_size(image.shape[1], image.shape[0], max_pixels)
    return np.asarray(image, dtype=np.uint8)


def exposure_fault(image: Pixels) -> str:
    """Return the exposure fault of an image, such as 'dark (mean 3 of 255)'; '' without one.

    ``image`` is u8 [H, W, 3] BGR or [H, W] gray, of which every SAMPLING-th row and column is
    read.
    """
    samples = np.ascontiguousarray(image[::SAMPLING, ::SAMPLING])
    means, deviations = cv2.meanStdDev(samples)
    mean, deviation = float(means.mean()), float(deviations.max())
    if mean < DARK and deviation < DARK:
        return f'dark (mean {mean:.0f} of 255)'
    if deviation < FLAT:
        return f'flat (mean {mean:.0f} of 255, standard deviation {deviation:.1f})'
    return ''


def encode_jpeg(image: Pixels, quality: int = 90) -> bytes:
    """Encode ``image``, u8 [H, W, 3] BGR or [H, W] gray, as JPEG of ``quality`` 0..100.

    Raises:
        ImageError: OpenCV cannot encode it ('not_encodable').

    """
    done, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ImageError(
            'not_encodable',
            f'cannot encode an image of shape {image.shape} as JPEG; expected [H, W, 3] or [H, W]',
        )
    return bytes(data)
