# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write rosbag2 recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
import shutil

from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer

from face_affect.bags.recordings.bag_reader import Message, Topic
from face_affect.bags.recordings.message_types import digest_of
from face_affect.outputs import OutputError

STORAGES = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}


class BagWriter:
    """A writer of a rosbag2 with one file; as a context manager, it removes the bag on errors."""

    def __init__(self, folder: Path, storage: str = 'mcap') -> None:
        """Create the bag.

        Args:
            folder: the bag's folder, which must not exist.
            storage: mcap or sqlite3.

        Raises:
            OutputError: the folder cannot be written.

        """
        self._folder = folder
        # Version 8 of the metadata is the newest that Humble's rosbag2 reads.
        self._writer = Writer(folder, version=8, storage_plugin=STORAGES[storage])
        self._connections: dict[str, Connection] = {}
        with self._converted_errors():
            self._writer.open()

    def advertise(self, topic: Topic) -> None:
        """Declare a topic, before its first message.

        Raises:
            OutputError: the topic is declared already, or the bag cannot be written.

        """
        with self._converted_errors():
            digest = topic.digest or digest_of(topic.type, topic.definition)
            self._connections[topic.name] = self._writer.add_connection(
                topic.name,
                topic.type,
                msgdef=topic.definition,
                rihs01=digest,
                offered_qos_profiles=topic.qos,
            )

    def write(self, message: Message) -> None:
        """Append a message of a declared topic.

        Raises:
            OutputError: the bag cannot be written, such as on a full disk.
            ImageError: the message is a video frame that does not decode.

        """
        data = message.data
        with self._converted_errors():
            self._writer.write(self._connections[message.topic], message.stamp, data)

    def close(self, information: Mapping[str, str] | None = None) -> None:
        """Finish the bag; ``information`` becomes custom entries of its metadata.

        Raises:
            OutputError: the bag cannot be written, such as on a full disk.

        """
        for key, value in (information or {}).items():
            self._writer.set_custom_data(key, value)
        with self._converted_errors():
            self._writer.close()

    def abort(self) -> None:
        """Remove the bag."""
        with suppress(Exception):
            self._writer.abort()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> BagWriter:
        """Return the open bag."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Remove the bag after an error; without one, the caller must have closed it."""
        if kind is not None:
            self.abort()

    @contextmanager
    def _converted_errors(self) -> Iterator[None]:
        """Convert errors of the storages and their libraries to OutputError."""
        try:
            yield
        except Exception as error:
            reason = getattr(error, 'strerror', None) or error
            raise OutputError(f'cannot write bag {self._folder.name}: {reason}') from error
