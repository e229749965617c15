# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read truncated bag files, as a power failure leaves them, up to the damage.

Uses the public API of mcap and sqlite3. Both classes have the interface of rosbags' Reader as
far as ``bag_reader`` uses it: ``connections`` and ``messages``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path
import re
import sqlite3
from typing import Any

from mcap.exceptions import EndOfFile, McapError
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinition,
    MessageDefinitionFormat,
)

from face_affect.bags.recordings.bounded_readers import check_columns
from face_affect.bags.recordings.mcap_chunks import check_sizes, measure_chunks
from face_affect.bags.recordings.message_types import LATCHED

TRANSIENT_LOCAL = re.compile(r'durability: *(1|transient_local)\b', re.IGNORECASE)
FORMATS = {'ros2msg': MessageDefinitionFormat.MSG, 'ros2idl': MessageDefinitionFormat.IDL}


class CutMcap:
    """A reader of an MCAP file up to where it is truncated."""

    def __init__(self, path: Path, reason: str) -> None:
        """Scan the file; ``reason``: the error of the regular reader.

        Raises:
            ChunkError: a chunk is too large.
            McapError: the file is not MCAP, or none of its channels can be read.

        """
        check_sizes(measure_chunks(path))
        self.path = path
        self._reason = reason
        self._advice = f'`mcap recover {path} -o NEW.mcap` writes what is readable to a valid file'
        self.connections: list[Connection] = []
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        counts: Counter[int] = Counter()
        try:
            for record in self._records():
                if isinstance(record, Schema):
                    schemas[record.id] = record
                elif isinstance(record, Channel):
                    channels[record.id] = record
                elif isinstance(record, Message):
                    counts[record.channel_id] += 1
        except McapError:
            if not channels:
                raise
        self.connections = [
            _connection(channel, schemas.get(channel.schema_id), counts[channel.id], self)
            for channel in channels.values()
        ]

    def _records(self) -> Iterator[Any]:
        with self.path.open('rb') as stream:
            # Limits the memory that a corrupt length allocates
            try:
                yield from StreamReader(stream, record_size_limit=2**28).records
            except EndOfFile:
                raise McapError(
                    f'the file ends in the middle of a record; {self._advice}'
                ) from None
        raise McapError(self._reason)

    def messages(self, connections: Collection[Connection]) -> Iterator[tuple[Any, int, bytes]]:
        """Yield connection, timestamp in nanoseconds and data of each message.

        Raises:
            McapError: always, after the last readable message.

        """
        wanted = {connection.id: connection for connection in connections}
        for record in self._records():
            if isinstance(record, Message) and record.channel_id in wanted:
                yield wanted[record.channel_id], record.log_time, record.data


class CutSqlite3:
    """A reader of an SQLite file up to where it is damaged."""

    def __init__(self, path: Path, reason: str) -> None:
        """Scan the file; ``reason``: the error of the regular reader.

        Raises:
            ChunkError: a column is generated.
            sqlite3.Error: its topics cannot be read.

        """
        check_columns(path)
        self.path = path
        self._reason = reason
        counts: Counter[int] = Counter()
        with suppress(sqlite3.Error):
            for topic, _, _ in self._rows():
                counts[topic] += 1
        with closing(self._open()) as database:
            topics = database.execute('SELECT id, name, type, serialization_format FROM topics')
            self.connections = [
                Connection(
                    number,
                    name,
                    kind,
                    self._definition(kind),
                    '',
                    counts[number],
                    ConnectionExtRosbag2(encoding, []),
                    self,
                )
                for number, name, kind, encoding in topics
            ]

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(f'{self.path.absolute().as_uri()}?mode=ro', uri=True)
        # Makes SQLite open a file that is shorter than its header says; nothing is written.
        database.execute('PRAGMA writable_schema = ON')
        return database

    def _definition(self, kind: str) -> MessageDefinition:
        query = (
            'SELECT encoding, encoded_message_definition FROM message_definitions '
            'WHERE topic_type = ?'
        )
        # Older files have no such table.
        with closing(self._open()) as database, suppress(sqlite3.Error):
            for encoding, text in database.execute(query, (kind,)):
                return MessageDefinition(FORMATS[encoding], text)
        return MessageDefinition(MessageDefinitionFormat.NONE, '')

    def _rows(self) -> Iterator[tuple[int, int, bytes]]:
        # The order of writing needs no index, which may be damaged.
        query = 'SELECT topic_id, timestamp, data FROM messages NOT INDEXED ORDER BY id'
        with closing(self._open()) as database:
            try:
                yield from database.execute(query)
            except sqlite3.Error as error:
                raise sqlite3.DatabaseError(
                    f'{error}; `sqlite3 {self.path} .recover | sqlite3 NEW.db3` writes what is '
                    'readable to a valid file'
                ) from error

    def messages(self, connections: Collection[Connection]) -> Iterator[tuple[Any, int, bytes]]:
        """Yield connection, timestamp in nanoseconds and data of each message.

        Raises:
            sqlite3.Error: always, after the last readable message.

        """
        wanted = {connection.id: connection for connection in connections}
        for topic, stamp, data in self._rows():
            if topic in wanted:
                yield wanted[topic], stamp, data
        raise sqlite3.DatabaseError(self._reason)


def _connection(channel: Channel, schema: Any, count: int, owner: object) -> Connection:
    text = schema.data.decode() if schema else ''
    kind = FORMATS.get(schema.encoding) if text else None
    latched = TRANSIENT_LOCAL.search(channel.metadata.get('offered_qos_profiles', ''))
    return Connection(
        channel.id,
        channel.topic,
        schema.name if schema else 'unknown/msg/Unknown',
        MessageDefinition(kind or MessageDefinitionFormat.NONE, text),
        '',
        count,
        ConnectionExtRosbag2(channel.message_encoding, list(LATCHED) if latched else []),
        owner,
    )
