# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""How much memory the chunks of an MCAP file take, before one of them is decompressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import struct
from typing import BinaryIO

MAX_CHUNK = 2**28  # bytes; rosbag2 writes chunks of 1 MB, of more for a message that is larger
_MAGIC = b'\x89MCAP0\r\n'
_CHUNK = 0x06
_ZSTD_BLOCK = 2**17  # bytes at most that a compressed block gives
_CHUNK_HEADER = struct.Struct('<QQQII')  # start, end, uncompressed size, CRC, length of the name


class ChunkError(ValueError):
    """A chunk is too large; the message says where and how large."""


def check_chunks(path: Path) -> None:
    """Compare the sizes that the chunks of an MCAP file state with ``MAX_CHUNK``.

    Raises:
        ChunkError: one is larger.
        OSError: the file cannot be read.

    """
    with path.open('rb') as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return
        for place, size in _chunk_sizes(stream):
            if size > MAX_CHUNK:
                raise ChunkError(
                    f'the chunk at byte {place} is {size} bytes when decompressed; at most '
                    f'{MAX_CHUNK} are read'
                )


def _chunk_sizes(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield place and largest possible size of each chunk, up to where the file is damaged."""
    while len(header := stream.read(9)) == 9:
        place = stream.tell()
        kind, length = header[0], int.from_bytes(header[1:], 'little')
        if kind == _CHUNK:
            yield place, _chunk_size(stream)
        try:
            stream.seek(place + length)
        except (OSError, OverflowError, ValueError):  # beyond what a file can have
            return


def _chunk_size(stream: BinaryIO) -> int:
    content = stream.read(_CHUNK_HEADER.size)
    if len(content) < _CHUNK_HEADER.size:
        return 0
    *_, stated, _, name_length = _CHUNK_HEADER.unpack(content)
    name = stream.read(min(name_length, 16))
    length = int.from_bytes(stream.read(8), 'little')
    # The compressed data state, or imply, a size of their own.
    return max(stated, _zstd_bound(stream, length) if name == b'zstd' else 0)


def _zstd_bound(stream: BinaryIO, length: int) -> int:
    """Return how many bytes zstd frames can give at most, by the headers of their blocks."""
    end = stream.tell() + length
    bound = 0
    while end - stream.tell() >= 5:
        magic = int.from_bytes(stream.read(4), 'little')
        if magic & 0xFFFFFFF0 == 0x184D2A50:  # skippable frame
            stream.seek(int.from_bytes(stream.read(4), 'little'), 1)
            continue
        if magic != 0xFD2FB528:
            break
        descriptor = stream.read(1)[0]
        single = descriptor >> 5 & 1
        size_length = (0, 2, 4, 8)[descriptor >> 6] or single
        stream.seek((not single) + (0, 1, 2, 4)[descriptor & 3] + size_length, 1)
        last = False
        while not last and stream.tell() < end:
            header = int.from_bytes(stream.read(3), 'little')
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            bound += _ZSTD_BLOCK if kind == 2 else size
            stream.seek(1 if kind == 1 else size, 1)
        stream.seek(4 * (descriptor >> 2 & 1), 1)
    return bound
