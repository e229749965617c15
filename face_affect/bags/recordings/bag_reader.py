# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bags and media as timed messages, ready to publish or to process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
import heapq
from pathlib import Path
from typing import Any, Protocol

from rosbags.interfaces import Qos
from rosbags.rosbag1 import Reader as Ros1Reader
from rosbags.rosbag2 import Reader as Ros2Reader

from face_affect.bags.recordings.message_types import (
    compressed_image,
    COMPRESSED_TYPE,
    Definitions,
    known_types,
    LATCHED,
    message_definition,
)
from face_affect.bags.recordings.salvage import CutMcap, CutSqlite3
from face_affect.core.images import encode_jpeg
from face_affect.media import Media

MEDIA_TOPIC = '/camera/image_raw/compressed'
MEDIA_FRAME = 'camera_optical_frame'
IMAGE_TYPES = ('sensor_msgs/msg/Image', COMPRESSED_TYPE)
STORAGE_SUFFIXES = ('.mcap', '.db3')
SALVAGE: dict[str, Callable[[Path, str], Any]] = {'.mcap': CutMcap, '.db3': CutSqlite3}


class RecordingError(ValueError):
    """A recording cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Topic:
    """A topic of a recording.

    ``definition`` and ``digest`` describe the type as rosbag2 stores it; empty where the
    recording says nothing of its types. ``qos`` is what its publishers offered.
    """

    name: str
    type: str
    definition: str = ''
    digest: str = ''
    qos: tuple[Qos, ...] = ()
    count: int = 0

    @property
    def latched(self) -> bool:
        """Whether late subscribers get the last message."""
        return any(
            getattr(profile.durability, 'name', '') == 'TRANSIENT_LOCAL' for profile in self.qos
        )


@dataclass(frozen=True)
class TimedMessage:
    """A message as serialised CDR; ``stamp`` nanoseconds."""

    topic: str
    stamp: int
    data: bytes


class Recording(Protocol):
    """Something that can be played or processed."""

    @property
    def topics(self) -> list[Topic]:
        """What it publishes."""

    def __len__(self) -> int:
        """Return the number of messages; 0 if nobody knows."""

    def messages(self, only: Collection[str] | None = None) -> Iterator[TimedMessage]:
        """Give all messages, or those of topics with these names, by stamp; more than once."""

    def parse(self, message: TimedMessage) -> Any:
        """Return the message unpacked.

        Raises:
            ValueError: its bytes are none of its topic's type.

        """


def is_bag(path: Path) -> bool:
    """Tell whether ``path`` looks like a bag: a rosbag2 folder, .mcap, .db3 or .bag (ROS 1)."""
    return path.suffix in (*STORAGE_SUFFIXES, '.bag') or bool(_storage_files(path))


def _storage_files(path: Path) -> list[Path]:
    """Return what the folder ``path`` is a rosbag2 of; metadata may be missing.

    Without it, it takes the names that rosbag2 gives: NAME/NAME_0.db3 and so on.
    """
    if (path / 'metadata.yaml').exists():
        return [path]
    files = [file for suffix in STORAGE_SUFFIXES for file in path.glob(f'{path.name}_*{suffix}')]
    return sorted(files, key=lambda file: (len(file.name), file.name))


def _open_reader(path: Path) -> Any:
    """Open a file of a bag, or a folder with metadata; a damaged file up to where it is so."""
    try:
        reader = Ros1Reader(path) if path.suffix == '.bag' else Ros2Reader(path)
        reader.open()
        return reader
    except Exception as error:
        files = (
            [path]
            if path.is_file()
            else [file for suffix in STORAGE_SUFFIXES for file in path.glob(f'*{suffix}')]
        )
        # If nothing can be saved, what was wrong at first says more.
        with suppress(Exception):
            if len(files) == 1 and (salvage := SALVAGE.get(files[0].suffix)):
                return salvage(files[0], str(error))
        raise


class BagRecording:
    """A rosbag2 (sqlite3 or MCAP), or a bag of ROS 1, whose messages come out as CDR."""

    def __init__(self, path: Path, only: Collection[str] | None = None) -> None:
        """Open the bag; ``only`` restricts it to topics of these names.

        Raises:
            RecordingError: it is missing or broken, or has none of the topics.

        """
        self._path = path
        try:
            self._readers = [_open_reader(file) for file in _storage_files(path) or [path]]
        # rosbags' storages raise their own and their libraries' errors on broken files.
        except Exception as error:
            raise RecordingError(f'cannot read bag {path}: {error}') from error
        held = [connection for reader in self._readers for connection in reader.connections]
        self._connections = [
            connection for connection in held if only is None or connection.topic in only
        ]
        if not self._connections:
            names = ', '.join(sorted({connection.topic for connection in held})) or 'nothing'
            raise RecordingError(f'bag {path} has none of the topics asked for; it has {names}')
        self._definitions = Definitions(ros1=path.suffix == '.bag')
        self.topics = self._find_topics()
        self._types = {topic.name: topic.type for topic in self.topics}

    @property
    def information(self) -> dict[str, str]:
        """What whoever wrote the bag has added to its metadata."""
        storage = getattr(self._readers[0], 'storage', None)
        return dict(getattr(getattr(storage, 'metadata', None), 'custom', None) or {})

    def _find_topics(self) -> list[Topic]:
        """Return the topics, those of several connections or files once."""
        topics: dict[str, Topic] = {}
        for connection in self._connections:
            known = topics.get(connection.topic)
            if known and known.type != connection.msgtype:
                raise RecordingError(
                    f'bag {self._path}: topic {known.name} has two types, '
                    f'{known.type} and {connection.msgtype}'
                )
            definition, digest = self._definitions.describe(connection)
            topics[connection.topic] = Topic(
                connection.topic,
                connection.msgtype,
                definition,
                digest,
                _qos(connection),
                connection.msgcount + (known.count if known else 0),
            )
        return list(topics.values())

    def __len__(self) -> int:
        """Return the number of messages."""
        return sum(connection.msgcount for connection in self._connections)

    def messages(self, only: Collection[str] | None = None) -> Iterator[TimedMessage]:
        """Give the messages, or those of topics with these names, as they were recorded.

        Raises:
            RecordingError: the bag is broken further on.

        """
        wanted = [
            connection
            for connection in self._connections
            if only is None or connection.topic in only
        ]
        streams = [
            reader.messages(chosen)
            for reader in self._readers
            if (
                chosen := [connection for connection in wanted if connection in reader.connections]
            )
        ]
        try:
            for connection, stamp, data in heapq.merge(*streams, key=lambda message: message[1]):
                yield TimedMessage(
                    connection.topic, stamp, self._definitions.to_cdr(data, connection.msgtype)
                )
        # As above
        except Exception as error:
            raise RecordingError(f'bag {self._path} breaks off: {error}') from error

    def parse(self, message: TimedMessage) -> Any:
        """Return the message unpacked.

        Raises:
            ValueError: its bytes are none of its topic's type, or nobody knows the type.

        """
        return self._definitions.parse(message.data, self._types[message.topic])


def _qos(connection: Any) -> tuple[Qos, ...]:
    if getattr(connection.ext, 'latching', None):
        return LATCHED
    return tuple(getattr(connection.ext, 'offered_qos_profiles', ()))


class MediaRecording:
    """Pictures, a video or a camera as JPEG CompressedImage messages."""

    def __init__(self, media: Media, start: int) -> None:
        """Play ``media`` with stamps that begin at ``start`` nanoseconds."""
        self._media = media
        self._start = start
        self.topics = [
            Topic(
                MEDIA_TOPIC,
                COMPRESSED_TYPE,
                *message_definition(COMPRESSED_TYPE),
                count=len(media),
            )
        ]

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._media)

    def messages(self, only: Collection[str] | None = None) -> Iterator[TimedMessage]:
        """Give the frames."""
        for frame in self._media:
            stamp = self._start + round(frame.stamp * 1e9)
            yield TimedMessage(
                MEDIA_TOPIC, stamp, compressed_image(encode_jpeg(frame.image), stamp, MEDIA_FRAME)
            )

    def parse(self, message: TimedMessage) -> Any:
        """Return the message unpacked."""
        return known_types().deserialize_cdr(message.data, COMPRESSED_TYPE)
