# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read serialised image messages (CDR) without copying the image data.

The layout is plain CDR of the OMG, version 1 or 2: four bytes of encapsulation, integers aligned
to their size, strings with their length and a terminating null, then the data. rclpy would copy
the image data twice, and Fast CDR 2.3 reads beyond the end of some malformed messages, which
kills the process.
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

ENCAPSULATION = 4  # bytes before the payload
# Byte order (as in struct) by representation identifier: CDR and plain CDR 2
_ORDERS = {b'\0\0': '>', b'\0\1': '<', b'\0\6': '>', b'\0\7': '<'}


@dataclass(frozen=True)
class CdrImage:
    """A sensor_msgs/Image with the same fields; ``data`` is a view of the serialised message."""

    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview


@dataclass(frozen=True)
class CdrCompressedImage:
    """A sensor_msgs/CompressedImage; ``data`` is a view of the serialised message."""

    header: Header
    format: str
    data: memoryview


CdrImageMessage = CdrImage | CdrCompressedImage


class _Reader:
    """A sequential reader of a serialised message."""

    def __init__(self, data: bytes) -> None:
        """Start after the encapsulation.

        Raises:
            KeyError: the representation identifier is unknown.

        """
        self._order = _ORDERS[data[:2]]
        self._payload = memoryview(data)[ENCAPSULATION:]
        self._offset = 0

    def number(self, code: str = 'I') -> int:
        """Return the next integer, of type ``code`` as in ``struct``.

        Raises:
            struct.error: the message is truncated.

        """
        size = struct.calcsize(code)
        start = -(-self._offset // size) * size
        (value,) = struct.unpack_from(self._order + code, self._payload, start)
        self._offset = start + size
        return int(value)

    def octets(self) -> memoryview:
        """Return the next sequence of bytes.

        Raises:
            struct.error: the message is truncated.

        """
        length = self.number()
        octets = self._payload[self._offset : self._offset + length]
        if len(octets) < length:
            raise struct.error(f'{length} bytes announced, {len(octets)} left')
        self._offset += length
        return octets

    def text(self) -> str:
        """Return the next string; invalid UTF-8 is replaced.

        Raises:
            struct.error: the message is truncated.

        """
        return self.octets().tobytes().rstrip(b'\0').decode('utf-8', 'replace')

    def header(self) -> Header:
        """Return the next std_msgs/Header.

        Raises:
            struct.error: the message is truncated.

        """
        return Header(
            stamp=Time(sec=self.number('i'), nanosec=self.number()), frame_id=self.text()
        )


def unpack(data: bytes, kind: type) -> Any:
    """Return a message of type ``kind``, deserialised by rclpy; for types that are not images.

    Raises:
        ImageError: the data do not parse as that type ('malformed').

    """
    # Fast CDR may read beyond the end of a message without a payload.
    if len(data) <= ENCAPSULATION:
        raise ImageError('malformed', f'cannot parse {len(data)} bytes as {kind.__name__}')
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # The exceptions of rclpy differ between distributions.
        raise ImageError(
            'malformed', f'cannot parse {len(data)} bytes as {kind.__name__}: {error}'
        ) from error


def read_image(data: bytes) -> CdrImage:
    """Return the sensor_msgs/Image serialised as ``data``.

    Raises:
        ImageError: the data do not parse as that type ('malformed').

    """
    with _parse_errors(data, 'Image'):
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
    """Return the sensor_msgs/CompressedImage serialised as ``data``.

    Raises:
        ImageError: the data do not parse as that type ('malformed').

    """
    with _parse_errors(data, 'CompressedImage'):
        reader = _Reader(data)
        return CdrCompressedImage(reader.header(), reader.text(), reader.octets())


def read_message(data: bytes, kind: ImageKind) -> CdrImageMessage:
    """Return the image of type ``kind`` serialised as ``data``.

    Raises:
        ImageError: the data do not parse as that type ('malformed').

    """
    return read_compressed_image(data) if kind is CompressedImage else read_image(data)


@contextmanager
def _parse_errors(data: bytes, name: str) -> Iterator[None]:
    """Convert errors of ``_Reader`` to ImageError ('malformed')."""
    try:
        yield
    except KeyError:
        reason = f'unknown encapsulation {data[:2].hex() or "(none)"}'
    except struct.error as error:
        reason = str(error)
    else:
        return
    raise ImageError('malformed', f'cannot parse {len(data)} bytes as {name}: {reason}')
