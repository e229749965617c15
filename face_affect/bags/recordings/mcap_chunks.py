# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bound the decompressed size of the chunks of an MCAP file before decompressing any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
import struct
from typing import BinaryIO

from lz4.frame import LZ4FrameDecompressor

MAX_SIZE = 2**28  # bytes; rosbag2 writes chunks of 1 MB, larger ones for larger messages
_MAGIC = b'\x89MCAP0\r\n'
_CHUNK = 0x06
_RECORD_HEADER = 9  # bytes: opcode and length
_LONGEST_NAME = 16  # bytes of a compression's name
_LZ4_RATIO = 255  # maximum compression ratio of LZ4
_PIECE = 2**20  # bytes read or decompressed at once
_ZSTD_BLOCK = 2**17  # maximum decompressed bytes of a block
_CHUNK_HEADER = struct.Struct('<QQQII')  # start, end, uncompressed size, CRC, length of the name


class ChunkError(ValueError):
    """Stored data would exceed a limit when read; the message says which, where and how much."""


@dataclass(frozen=True)
class Chunk:
    """A chunk record of an MCAP file.

    ``offset``: of the record in the file, bytes; ``compression``: its name; ``stated_size``: the
    uncompressed size in the record, bytes; ``length``: of the compressed data, bytes.
    """

    offset: int
    compression: str
    stated_size: int
    length: int

    @property
    def data(self) -> int:
        """The offset of the compressed data in the file, bytes."""
        return self.offset + _RECORD_HEADER + _CHUNK_HEADER.size + len(self.compression) + 8


def measure_chunks(path: Path) -> dict[Chunk, int]:
    """Return the chunks of an MCAP file with an upper bound of their decompressed size, bytes.

    The bound follows from the compressed data, not only from the stated size. A damaged file is
    measured up to the damage.

    Raises:
        OSError: the file cannot be read.

    """
    with path.open('rb') as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return {}
        return {chunk: _size(stream, chunk) for chunk in list(_chunks(stream))}


def check_sizes(sizes: Mapping[Chunk, int]) -> None:
    """Validate that no chunk is larger than ``MAX_SIZE``.

    Raises:
        ChunkError: one is.

    """
    for chunk, size in sizes.items():
        if size > MAX_SIZE:
            raise oversize(chunk, size)


def oversize(chunk: Chunk, size: int) -> ChunkError:
    """Return the error for a chunk of ``size`` bytes."""
    return ChunkError(
        f'the chunk at byte {chunk.offset} is {size} bytes when decompressed; '
        f'expected at most {MAX_SIZE}'
    )


def _chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks up to the first damaged record."""
    while len(header := stream.read(_RECORD_HEADER)) == _RECORD_HEADER:
        start = stream.tell()
        kind, length = header[0], int.from_bytes(header[1:], 'little')
        content = stream.read(_CHUNK_HEADER.size) if kind == _CHUNK else b''
        if len(content) == _CHUNK_HEADER.size:
            *_, stated, _, name_length = _CHUNK_HEADER.unpack(content)
            name = stream.read(min(name_length, _LONGEST_NAME)).decode(errors='replace')
            compressed = int.from_bytes(stream.read(8), 'little')
            yield Chunk(start - _RECORD_HEADER, name, stated, compressed)
        try:
            stream.seek(start + length)
        except (OSError, OverflowError, ValueError):  # beyond the largest file offset
            return


def _size(stream: BinaryIO, chunk: Chunk) -> int:
    """Return the maximum decompressed size, bytes: the stated one or that of its data."""
    stream.seek(chunk.data)
    if chunk.compression == 'zstd':
        return max(chunk.stated_size, zstd_bound(stream, chunk.length))
    if chunk.compression == 'lz4' and chunk.length * _LZ4_RATIO > MAX_SIZE:
        return max(chunk.stated_size, _lz4_size(stream, chunk.length))
    return chunk.stated_size


def _lz4_size(stream: BinaryIO, length: int) -> int:
    """Return the decompressed size of an LZ4 frame, bytes; stop counting beyond ``MAX_SIZE``."""
    decompressor = LZ4FrameDecompressor()
    end, size = stream.tell() + length, 0
    while size <= MAX_SIZE and not decompressor.eof:
        data = stream.read(min(_PIECE, end - stream.tell())) if decompressor.needs_input else b''
        if not data and decompressor.needs_input:
            break
        try:
            size += len(decompressor.decompress(data, max_length=_PIECE))
        except RuntimeError:  # A damaged frame is reported when it is read.
            break
    return size


def zstd_bound(stream: BinaryIO, length: int) -> int:
    """Return an upper bound of the decompressed size of zstd frames, bytes, from block headers.

    Args:
        stream: positioned at the first frame.
        length: bytes of all frames.

    """
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
