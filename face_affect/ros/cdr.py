# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Image messages as they come over the wire: CDR, read without a copy of the picture.

The layout is that of OMG's CDR (plain, also version 2): numbers aligned to their size after
four bytes of encapsulation, texts with their length and a null character, then the data. rclpy's
own way copies the picture twice, and Fast CDR 2.3 reads beyond the end of some malformed
messages, which kills the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import struct
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.images import ImageError

ImageKind = type[Image] | type[CompressedImage]

ENCAPSULATION = 4  # bytes, before the content
# Its kind to byte order: CDR and plain CDR 2, big and little endian
_ORDERS = {b'\0\0': '>', b'\0\1': '<', b'\0\6': '>', b'\0\7': '<'}


@dataclass(frozen=True)
class CdrImage:
    """A sensor_msgs/Image; the fields are its fields, ``data`` a view."""

    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview


@dataclass(frozen=True)
class CdrCompressedImage:
    """A sensor_msgs/CompressedImage; the fields are its fields, ``data`` a view."""

    header: Header
    format: str
    data: memoryview


CdrImageMessage = CdrImage | CdrCompressedImage


class _Reader:
    """Takes values from serialised data, one after the other."""

    def __init__(self, data: bytes) -> None:
        """Begin after the encapsulation.

        Raises:
            KeyError: it is of an unknown kind.

        """
        self._order = _ORDERS[data[:2]]
        self._body = memoryview(data)[ENCAPSULATION:]
        self._place = 0

    def number(self, code: str = 'I') -> int:
        """Return an integer, ``code`` as in ``struct``.

        Raises:
            struct.error: the data ends before.

        """
        size = struct.calcsize(code)
        start = -(-self._place // size) * size
        (value,) = struct.unpack_from(self._order + code, self._body, start)
        self._place = start + size
        return int(value)

    def octets(self) -> memoryview:
        """Return a sequence of bytes.

        Raises:
            struct.error: the data ends before.

        """
        length = self.number()
        octets = self._body[self._place : self._place + length]
        if len(octets) < length:
            raise struct.error(f'{length} bytes announced, {len(octets)} left')
        self._place += length
        return octets

    def text(self) -> str:
        """Return a text without its null character."""
        return self.octets().tobytes().rstrip(b'\0').decode('utf-8', 'replace')

    def header(self) -> Header:
        """Return a std_msgs/Header."""
        return Header(
            stamp=Time(sec=self.number('i'), nanosec=self.number()), frame_id=self.text()
        )


def unpack(data: bytes, kind: type) -> Any:
    """Return a message of any other type, deserialised by rclpy.

    Raises:
        ImageError: the data are not of that type ('malformed').

    """
    # Where only the encapsulation has come, Fast CDR may read on.
    if len(data) <= ENCAPSULATION:
        raise ImageError('malformed', f'cannot parse {len(data)} bytes as {kind.__name__}')
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # rclpy's own kinds of error differ between distributions
        raise ImageError(
            'malformed', f'cannot parse {len(data)} bytes as {kind.__name__}: {error}'
        ) from error


def read_image(data: bytes) -> CdrImage:
    """Return the sensor_msgs/Image that the middleware delivered as ``data``.

    Raises:
        ImageError: the data are not of that type ('malformed').

    """
    with _telling(data, 'Image'):
        reader = _Reader(data)
        return CdrImage(
            reader.header(),
            reader.number(),
            reader.number(),
            reader.text(),
            reader.number('B'),
            reader.number(),
            reader.octets(),
        )


def read_compressed_image(data: bytes) -> CdrCompressedImage:
    """Return the sensor_msgs/CompressedImage that the middleware delivered as ``data``.

    Raises:
        ImageError: the data are not of that type ('malformed').

    """
    with _telling(data, 'CompressedImage'):
        reader = _Reader(data)
        return CdrCompressedImage(reader.header(), reader.text(), reader.octets())


def read_message(data: bytes, kind: ImageKind) -> CdrImageMessage:
    """Return the image of type ``kind`` that the middleware delivered as ``data``.

    Raises:
        ImageError: the data are not of that type ('malformed').

    """
    return read_compressed_image(data) if kind is CompressedImage else read_image(data)


@contextmanager
def _telling(data: bytes, name: str) -> Iterator[None]:
    """Raise ValueError("malformed ...") for what cannot be read."""
    try:
        yield
    except KeyError:
        reason = f'encapsulation {data[:2].hex() or "missing"} is not known'
    except struct.error as error:
        reason = str(error)
    else:
        return
    raise ImageError('malformed', f'cannot parse {len(data)} bytes as {name}: {reason}')
