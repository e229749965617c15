# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read bags and media as timestamped, serialised messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
import heapq
import math
from pathlib import Path
from typing import Any, Protocol
import weakref

from rosbags.interfaces import Qos

from face_affect.bags.recordings.bounded_readers import BoundedRos1Reader, BoundedRos2Reader
from face_affect.bags.recordings.mcap_chunks import ChunkError
from face_affect.bags.recordings.message_types import (
    compressed_image,
    COMPRESSED_TYPE,
    Definitions,
    known_types,
    LATCHED,
    message_definition,
)
from face_affect.bags.recordings.salvage import CutMcap, CutSqlite3
from face_affect.core.bit_depth import BitDepth
from face_affect.core.images import decode_message, encode_jpeg, ImageError, MAX_PIXELS
from face_affect.core.pictures import Picture
from face_affect.core.reduction import reduction_of
from face_affect.core.stamps import to_nanoseconds
from face_affect.media import Media
from face_affect.media.files import bag_parts, BAG_SUFFIXES

MEDIA_TOPIC = '/camera/image_raw/compressed'
MEDIA_FRAME = 'camera_optical_frame'
IMAGE_TYPES = ('sensor_msgs/msg/Image', COMPRESSED_TYPE)
SALVAGE: dict[str, Callable[[Path, str], Any]] = {'.mcap': CutMcap, '.db3': CutSqlite3}


class RecordingError(ValueError):
    """A recording cannot be read; the message names it and the reason."""


@dataclass(frozen=True)
class Topic:
    """A topic of a recording.

    ``definition`` and ``digest`` (its RIHS01 hash) describe the type as rosbag2 stores them; ''
    where the recording has no definitions. ``qos``: the profiles its publishers offered;
    ``count``: the number of its messages, 0 if unknown.
    """

    name: str
    type: str
    definition: str = ''
    digest: str = ''
    qos: tuple[Qos, ...] = ()
    count: int = 0

    @property
    def latched(self) -> bool:
        """Whether the durability is transient local: late subscribers get the last message."""
        return any(
            getattr(profile.durability, 'name', '') == 'TRANSIENT_LOCAL' for profile in self.qos
        )


class Message(Protocol):
    """A message of a recording."""

    @property
    def topic(self) -> str:
        """The topic's name."""

    @property
    def stamp(self) -> int:
        """The time of recording, nanoseconds."""

    @property
    def data(self) -> bytes:
        """The message as CDR.

        Raises:
            ImageError: it is a video frame that does not decode, or belongs to an oversized
                chunk.

        """


@dataclass(frozen=True)
class TimedMessage:
    """A message as CDR; ``stamp``: the time of recording, nanoseconds."""

    topic: str
    stamp: int
    data: bytes


@dataclass(frozen=True)
class OversizeMessage:
    """A message of a chunk that is too large to be decompressed; ``error`` says which."""

    topic: str
    stamp: int
    error: ChunkError

    @property
    def data(self) -> bytes:
        """Nothing.

        Raises:
            ImageError: always.

        """
        raise ImageError('bad_size', str(self.error))


@dataclass(frozen=True)
class VideoMessage:
    """A video frame, encoded as a JPEG message only when ``data`` is read."""

    topic: str
    picture: Picture

    @property
    def stamp(self) -> int:
        """The time of recording, nanoseconds."""
        return self.picture.received

    @property
    def data(self) -> bytes:
        """The frame as a CompressedImage in CDR.

        Raises:
            ImageError: the frame does not decode.

        """
        jpeg = encode_jpeg(self.picture.decode())
        return compressed_image(jpeg, self.picture.stamp, self.picture.frame_id)


class Recording(Protocol):
    """A source of messages that can be played or processed."""

    @property
    def topics(self) -> list[Topic]:
        """The topics of the recording."""

    def __len__(self) -> int:
        """Return the number of messages; 0 if unknown."""

    def messages(self, only: Collection[str] | None = None) -> Iterator[Message]:
        """Yield the messages, or those of the topics named ``only``, in order of ``stamp``.

        Can be called repeatedly.
        """

    def parse(self, message: Message) -> Any:
        """Return the message deserialised.

        Raises:
            ValueError: its bytes do not parse as its topic's type.

        """

    def picture(self, message: Message) -> Picture:
        """Return the image in a message of an image topic."""


def _storage_files(path: Path) -> list[Path]:
    """Return the paths to open for a bag: its folder if it has metadata, else its files."""
    if not path.is_dir() or (path / 'metadata.yaml').exists():
        return [path]
    return bag_parts(path)


def _open_reader(path: Path) -> Any:
    """Open a file of a bag, or a folder with metadata; a damaged file is read up to the damage."""
    try:
        bag = BoundedRos1Reader if path.suffix == '.bag' else BoundedRos2Reader
        reader = bag(path)
        reader.open()
        return reader
    except ChunkError:
        raise
    except Exception as error:
        files = (
            [path]
            if path.is_file()
            else [file for suffix in BAG_SUFFIXES for file in path.glob(f'*{suffix}')]
        )
        # If nothing can be salvaged, the first error is more informative.
        with suppress(Exception):
            if len(files) == 1 and (salvage := SALVAGE.get(files[0].suffix)):
                return salvage(files[0], str(error))
        raise


class BagRecording:
    """A rosbag2 (SQLite or MCAP) or a ROS 1 bag; its messages are read as CDR."""

    def __init__(
        self,
        path: Path,
        only: Collection[str] | None = None,
        max_image_pixels: int = MAX_PIXELS,
        needed_side: float = math.inf,
    ) -> None:
        """Open the bag.

        Args:
            path: a rosbag2 folder, an MCAP or SQLite file, or a ROS 1 bag.
            only: names of the topics to read; None: all.
            max_image_pixels: maximum size (width x height) of a compressed image to decode.
            needed_side: minimum longer side in pixels to which JPEG is reduced; see
                ``reduction_of``.

        Raises:
            RecordingError: the bag is missing or broken, or has none of the topics.

        """
        self._path = path
        self._max_image_pixels = max_image_pixels
        self._needed_side = needed_side
        self._readers: list[Any] = []
        try:
            for file in _storage_files(path):
                reader = _open_reader(file)
                self._readers.append(reader)
                # Its files are closed with the last reference to this recording.
                if close := getattr(reader, 'close', None):
                    weakref.finalize(self, close)
        # On broken files, rosbags' storages raise errors of many libraries.
        except Exception as error:
            raise RecordingError(f'cannot read bag {path}: {error}') from error
        held = [connection for reader in self._readers for connection in reader.connections]
        self._connections = [
            connection for connection in held if only is None or connection.topic in only
        ]
        if not self._connections:
            names = ', '.join(sorted({connection.topic for connection in held})) or 'nothing'
            raise RecordingError(
                f'bag {path} has none of the requested topics; its topics: {names}'
            )
        self._definitions = Definitions(ros1=path.suffix == '.bag')
        self.topics = self._find_topics()
        self._types = {topic.name: topic.type for topic in self.topics}
        self._bit_depths: defaultdict[str, BitDepth] = defaultdict(BitDepth)

    @property
    def information(self) -> dict[str, str]:
        """The custom entries of the bag's metadata, by name."""
        storage = getattr(self._readers[0], 'storage', None)
        return dict(getattr(getattr(storage, 'metadata', None), 'custom', None) or {})

    def _find_topics(self) -> list[Topic]:
        """Return the topics; several connections or files of one topic are merged."""
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

    def messages(self, only: Collection[str] | None = None) -> Iterator[Message]:
        """Yield the messages, or those of the topics named ``only``, in order of ``stamp``.

        Raises:
            RecordingError: the bag is damaged after the messages yielded so far.

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
                if isinstance(data, ChunkError):
                    yield OversizeMessage(connection.topic, stamp, data)
                    continue
                yield TimedMessage(
                    connection.topic, stamp, self._definitions.to_cdr(data, connection.msgtype)
                )
        # As when opening: errors of many libraries
        except Exception as error:
            raise RecordingError(f'bag {self._path} breaks off: {error}') from error

    def parse(self, message: Message) -> Any:
        """Return the message deserialised.

        Raises:
            ValueError: its bytes do not parse as its topic's type, or the type is unknown.

        """
        return self._definitions.parse(message.data, self._types[message.topic])

    def picture(self, message: Message) -> Picture:
        """Return the image in a message of an image topic."""
        try:
            image = self.parse(message)
        except ImageError as error:
            return Picture.broken(error, message.stamp)
        except ValueError as error:
            return Picture.broken(ImageError('malformed', str(error)), message.stamp)
        reduction = reduction_of(image, self._needed_side)
        return Picture(
            to_nanoseconds(image.header.stamp),
            message.stamp,
            partial(
                decode_message,
                image,
                self._max_image_pixels,
                self._bit_depths[message.topic],
                reduction,
            ),
            str(image.header.frame_id),
            reduction=reduction,
        )


def _qos(connection: Any) -> tuple[Qos, ...]:
    if getattr(connection.ext, 'latching', None):
        return LATCHED
    return tuple(getattr(connection.ext, 'offered_qos_profiles', ()))


class MediaRecording:
    """Images, a video or a camera as a topic of compressed images."""

    def __init__(self, media: Media, start: int) -> None:
        """Wrap ``media``; its stamps are shifted to begin at ``start``, nanoseconds."""
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

    def messages(self, only: Collection[str] | None = None) -> Iterator[VideoMessage]:
        """Yield the frames in order; ``only`` is ignored, since there is one topic."""
        for picture in self._media:
            stamp = self._start + picture.stamp
            yield VideoMessage(
                MEDIA_TOPIC, replace(picture, stamp=stamp, received=stamp, frame_id=MEDIA_FRAME)
            )

    def parse(self, message: Message) -> Any:
        """Return the message deserialised."""
        return known_types().deserialize_cdr(message.data, COMPRESSED_TYPE)

    def picture(self, message: Message) -> Picture:
        """Return the original frame, without the loss of encoding it as JPEG.

        Raises:
            TypeError: the message is not from a MediaRecording.

        """
        if not isinstance(message, VideoMessage):
            raise TypeError(
                f'cannot read an image from {type(message).__name__}: expected a VideoMessage '
                'of this recording'
            )
        return message.picture
