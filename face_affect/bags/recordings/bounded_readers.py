# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""rosbags' readers, with a bound on the size of decompressed data.

Where the size of a message is not known before its chunk is decompressed, its data may be a
ChunkError.
"""

from __future__ import annotations

import bz2
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing, suppress
import heapq
from itertools import repeat
from operator import itemgetter
from pathlib import Path
import shutil
import sqlite3
import struct
import tempfile
from typing import Any, BinaryIO, cast

import lz4.frame
import numpy as np
from rosbags.interfaces import Connection
from rosbags.rosbag1 import Reader as Ros1Reader
from rosbags.rosbag2 import Reader as Ros2Reader
from rosbags.rosbag2.reader import DirectoryReader, Sqlite3Reader
from rosbags.rosbag2.storage_mcap import ChunkInfo, McapReader, read_exact
import zstandard

from face_affect.bags.recordings.mcap_chunks import (
    check_sizes,
    Chunk,
    ChunkError,
    MAX_SIZE,
    measure_chunks,
    oversize,
    zstd_bound,
)

MESSAGE_INDEX = 0x07
INDEX_HEADER = struct.Struct('<BQHI')  # kind and length of the record, channel, bytes of entries
TABLES = ('schema', 'metadata', 'topics', 'message_definitions', 'messages')


class BoundedRos1Reader(Ros1Reader):
    """A reader of a ROS 1 bag; no chunk is decompressed to more than ``MAX_SIZE`` bytes."""

    def open(self) -> None:
        """Open the bag, and replace its chunks' decompressors by bounded ones."""
        super().open()
        bounded = {bz2.decompress: _bz2, lz4.frame.decompress: _lz4}
        for position, chunk in self.chunks.items():
            function = bounded.get(chunk.decompressor, chunk.decompressor)
            self.chunks[position] = chunk._replace(decompressor=function)


class _McapReader(McapReader):
    """A reader of an MCAP file; it yields a ChunkError for each message of an oversized chunk."""

    _sizes: dict[Chunk, int]
    _refused: list[tuple[ChunkInfo, ChunkError]]

    def open(self) -> None:
        self._sizes = measure_chunks(Path(str(self.path)))
        super().open()
        chunks = [(each, _chunk(each)) for each in self.chunks]
        if not all(chunk in self._sizes for _, chunk in chunks):
            self.close()
            raise ValueError('the index of the MCAP file lists chunks that the file lacks')
        if not chunks:
            check_sizes(self._sizes)  # Without an index all chunks are decompressed.
        self._refused = [
            (each, oversize(chunk, self._sizes[chunk]))
            for each, chunk in chunks
            if self._sizes[chunk] > MAX_SIZE
        ]
        self.chunks = [each for each, chunk in chunks if self._sizes[chunk] <= MAX_SIZE]

    def meta_scan(self) -> None:
        check_sizes(self._sizes)
        super().meta_scan()

    def messages(
        self,
        connections: Collection[Connection],
        start: int | None = None,
        stop: int | None = None,
    ) -> Generator[tuple[Connection, int, Any], None, None]:
        # The message indexes give the stamps of messages that are not read.
        streams: list[Iterator[tuple[Connection, int, Any]]] = [
            zip(repeat(connection), self._stamps(offset), repeat(error))
            for chunk, error in self._refused
            for connection in connections
            if (offset := chunk.message_index_offsets.get(connection.id)) is not None
        ]
        if self.chunks or not self._refused:
            streams.append(super().messages(connections, start, stop))
        yield from heapq.merge(*streams, key=itemgetter(1))

    def _stamps(self, offset: int) -> list[int]:
        """Return the timestamps in the message index at ``offset``, nanoseconds, sorted."""
        stream = cast(BinaryIO, self.bio)  # None only before open
        left = stream.seek(0, 2) - stream.seek(offset)
        kind, _, _, size = INDEX_HEADER.unpack(read_exact(stream, INDEX_HEADER.size))
        if kind != MESSAGE_INDEX or size > left:
            raise ChunkError(
                f'expected a message index of at most {left} bytes at byte {offset}, found '
                f'record {kind:#04x} of {size} bytes'
            )
        entries = np.frombuffer(read_exact(stream, size // 16 * 16), '<u8')
        return list(np.sort(entries[::2]).tolist())


def _chunk(entry: ChunkInfo) -> Chunk:
    """Return the chunk that an entry of the index describes."""
    return Chunk(
        entry.chunk_start_offset,
        entry.compression,
        entry.uncompressed_size,
        entry.compressed_size,
    )


class _Sqlite3Reader(Sqlite3Reader):
    def open(self) -> None:
        check_columns(Path(str(self.path)))
        super().open()


class _DirectoryReader(DirectoryReader):
    STORAGE_PLUGINS: Mapping[str, type[Any]] = {'mcap': _McapReader, 'sqlite3': _Sqlite3Reader}

    def open(self) -> None:
        _check_free_space(Path(str(self.path)))
        super().open()
        self._compressed = self.metadata.compression_mode == 'message'
        # The base class would decompress messages without a bound.
        self.metadata = self.metadata._replace(compression_mode=None)

    def messages(
        self,
        connections: Collection[Connection],
        start: int | None = None,
        stop: int | None = None,
    ) -> Generator[tuple[Connection, int, Any], None, None]:
        for connection, stamp, data in super().messages(connections, start, stop):
            yield connection, stamp, _decompressed(data) if self._compressed else data


class BoundedRos2Reader(Ros2Reader):
    """A reader of a rosbag2 with bounded decompression: a folder with metadata, or one file."""

    STORAGE_PLUGINS: Mapping[str, type[Any]] = {
        'dir': _DirectoryReader,
        '.mcap': _McapReader,
        '.db3': _Sqlite3Reader,
    }


def check_columns(path: Path) -> None:
    """Refuse an SQLite file with generated columns: each value of one may be a gigabyte.

    Raises:
        ChunkError: a table of rosbag2 has a generated column.
        sqlite3.Error: the file cannot be opened.

    """
    with closing(sqlite3.connect(f'{path.absolute().as_uri()}?mode=ro', uri=True)) as database:
        for table in TABLES:
            with suppress(sqlite3.Error):  # A damaged table is reported when it is read.
                for column in database.execute(f'PRAGMA table_xinfo({table})').fetchall():
                    if column[-1]:
                        raise ChunkError(
                            f'column {column[1]} of table {table} is generated; expected stored '
                            'columns only'
                        )


def _check_free_space(folder: Path) -> None:
    """Raise ChunkError if the decompressed files exceed the free space for temporary files."""
    files = [*folder.glob('*.mcap.zstd'), *folder.glob('*.db3.zstd')]
    needed = 0
    for file in files:
        with file.open('rb') as stream:
            needed += zstd_bound(stream, file.stat().st_size)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if needed > free:
        raise ChunkError(
            f'its files need {needed} bytes when decompressed, but {tempfile.gettempdir()} has '
            f'{free} bytes free; set TMPDIR to a larger disk, or decompress the files first'
        )


def _bz2(data: bytes) -> bytes:
    return _bounded(bz2.BZ2Decompressor().decompress(data, MAX_SIZE + 1))


def _lz4(data: bytes) -> bytes:
    return _bounded(lz4.frame.LZ4FrameDecompressor().decompress(data, MAX_SIZE + 1))


def _decompressed(data: bytes | ChunkError) -> bytes | ChunkError:
    """Return a decompressed message, or the error if it is oversized."""
    if isinstance(data, ChunkError):
        return data
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as stream:
            return _bounded(stream.read(MAX_SIZE + 1))
    except ChunkError as error:
        return error


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_SIZE:
        raise ChunkError(f'compressed data are larger than {MAX_SIZE} bytes when decompressed')
    return data
