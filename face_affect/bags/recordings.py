# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bags and media as timed messages, ready to publish."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Protocol

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores

from face_affect.core.images import encode_jpeg
from face_affect.media import Media

MEDIA_TOPIC = '/camera/image_raw/compressed'
MEDIA_FRAME = 'camera_optical_frame'
IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')


class RecordingError(ValueError):
    """A recording cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Topic:
    """A topic of a recording: its name, its type, and whether late subscribers get the last."""

    name: str
    type: str
    latched: bool = False


@dataclass(frozen=True)
class TimedMessage:
    """A message as serialised CDR; ``stamp`` nanoseconds."""

    topic: str
    stamp: int
    data: bytes


class Recording(Protocol):
    """Something that can be played."""

    @property
    def topics(self) -> list[Topic]:
        """What it publishes."""

    def __len__(self) -> int:
        """Return the number of messages; 0 if nobody knows."""

    def messages(self) -> Iterator[TimedMessage]:
        """Give all messages in the order of their stamps; may be called again."""


def is_bag(path: Path) -> bool:
    """Tell whether ``path`` looks like a rosbag2: a folder with metadata, .mcap or .db3."""
    return path.suffix in ('.mcap', '.db3') or (path / 'metadata.yaml').exists()


class BagRecording:
    """A rosbag2, sqlite3 or mcap."""

    def __init__(self, path: Path, only: Optional[Collection[str]] = None) -> None:
        """Open the bag; ``only`` restricts it to topics of these names.

        Raises:
            RecordingError: it is missing or broken, or has none of the topics.

        """
        self._path = path
        try:
            self._reader = AnyReader(
                [path], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
            self._reader.open()
        # rosbags' storages raise their own and their libraries' errors on broken files.
        except Exception as error:
            raise RecordingError(f'cannot read bag {path}: {error}') from error
        self._connections = [connection for connection in self._reader.connections
                             if only is None or connection.topic in only]
        if not self._connections:
            held = ', '.join(sorted(self._reader.topics)) or 'nothing'
            raise RecordingError(f'bag {path} has none of the topics asked for; it has {held}')

    @property
    def topics(self) -> list[Topic]:
        """The bag's topics."""
        return [Topic(connection.topic, connection.msgtype, _is_latched(connection))
                for connection in self._connections]

    def __len__(self) -> int:
        """Return the number of messages."""
        return sum(connection.msgcount for connection in self._connections)

    def messages(self) -> Iterator[TimedMessage]:
        """Give the messages as they were recorded.

        Raises:
            RecordingError: the bag is broken further on.

        """
        try:
            for connection, stamp, data in self._reader.messages(self._connections):
                yield TimedMessage(connection.topic, stamp, bytes(data))
        # As above
        except Exception as error:
            raise RecordingError(f'bag {self._path} breaks off: {error}') from error


def _is_latched(connection: object) -> bool:
    profiles = getattr(getattr(connection, 'ext', None), 'offered_qos_profiles', None) or ()
    return any(getattr(profile.durability, 'name', '') == 'TRANSIENT_LOCAL'
               for profile in profiles)


class MediaRecording:
    """Pictures, a video or a camera as JPEG CompressedImage messages."""

    def __init__(self, media: Media, start: int) -> None:
        """Play ``media`` with stamps that begin at ``start`` nanoseconds."""
        self._media = media
        self._start = start
        store = get_typestore(Stores.ROS2_HUMBLE)
        self._types = store.types
        self._serialize = store.serialize_cdr

    @property
    def topics(self) -> list[Topic]:
        """The one image topic."""
        return [Topic(MEDIA_TOPIC, 'sensor_msgs/msg/CompressedImage')]

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._media)

    def messages(self) -> Iterator[TimedMessage]:
        """Give the frames."""
        types = self._types
        for frame in self._media:
            stamp = self._start + round(frame.stamp * 1e9)
            time = types['builtin_interfaces/msg/Time'](
                sec=stamp // 1_000_000_000, nanosec=stamp % 1_000_000_000)
            message = types['sensor_msgs/msg/CompressedImage'](
                header=types['std_msgs/msg/Header'](stamp=time, frame_id=MEDIA_FRAME),
                format='jpeg', data=np.frombuffer(encode_jpeg(frame.image), dtype=np.uint8))
            data = self._serialize(message, 'sensor_msgs/msg/CompressedImage')
            yield TimedMessage(MEDIA_TOPIC, stamp, bytes(data))
