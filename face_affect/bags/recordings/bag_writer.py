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
    """A rosbag2 with one file; a context manager that removes it where something fails."""

    def __init__(self, folder: Path, storage: str = 'mcap') -> None:
        """Write to ``folder``, which must not exist; ``storage`` is mcap or sqlite3.

        Raises:
            OutputError: it cannot be written.

        """
        self._folder = folder
        # Version 8 of the metadata is the newest that Humble's rosbag2 reads.
        self._writer = Writer(folder, version=8, storage_plugin=STORAGES[storage])
        self._connections: dict[str, Connection] = {}
        with self._explained():
            self._writer.open()

    def advertise(self, topic: Topic) -> None:
        """Take up a topic."""
        with self._explained():
            digest = topic.digest or digest_of(topic.type, topic.definition)
            self._connections[topic.name] = self._writer.add_connection(
                topic.name,
                topic.type,
                msgdef=topic.definition,
                rihs01=digest,
                offered_qos_profiles=topic.qos,
            )

    def write(self, message: Message) -> None:
        """Append a message.

        Raises:
            OutputError: the disk is full, or fails.

        """
        data = message.data
        with self._explained():
            self._writer.write(self._connections[message.topic], message.stamp, data)

    def close(self, information: Mapping[str, str] | None = None) -> None:
        """Finish the bag, with ``information`` in its metadata.

        Raises:
            OutputError: the disk is full, or fails.

        """
        for key, value in (information or {}).items():
            self._writer.set_custom_data(key, value)
        with self._explained():
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
        """Remove the bag after an error; it has to be closed otherwise."""
        if kind is not None:
            self.abort()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the errors of the storages and their libraries into OutputError."""
        try:
            yield
        except Exception as error:
            reason = getattr(error, 'strerror', None) or error
            raise OutputError(f'cannot write bag {self._folder.name}: {reason}') from error
