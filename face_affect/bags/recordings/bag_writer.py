# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bags out: whole or not there at all, and written by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path
import shutil
from types import TracebackType

from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer

from face_affect.bags.recordings.bag_reader import TimedMessage, Topic
from face_affect.bags.recordings.message_types import digest_of

STORAGES = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}


class WriteError(OSError):
    """An output cannot be written; the message says which and why."""


@contextmanager
def work_folder(output: Path) -> Iterator[Path]:
    """Give a folder beside ``output``, on the same disk, to write in; it is gone afterwards.

    Raises:
        WriteError: another process has it, or it cannot be made.

    """
    folder = output.with_name(f'.{output.name}.writing')
    try:
        lock = _lock(folder)
    except BlockingIOError:
        raise WriteError(f'{output} is being written by another process') from None
    except OSError as error:
        raise WriteError(f'cannot write {output}: {error.strerror}') from error
    try:
        # What a killed process has left
        for left in folder.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(folder: Path) -> int:
    """Make and lock ``folder``; the lock goes with the process, however that ends."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # It may have been removed between the two, by the one who had it before.
            if os.path.samestat(os.fstat(lock), os.stat(folder)):
                return lock
        except FileNotFoundError:
            pass
        except OSError:
            os.close(lock)
            raise
        os.close(lock)


def replace_folder(new: Path, output: Path) -> None:
    """Move the finished folder ``new`` to ``output``; what was there goes."""
    if output.exists():
        output.rename(new.with_name('replaced'))
    new.rename(output)


class BagWriter:
    """A rosbag2 with one file; a context manager that removes it where something fails."""

    def __init__(self, folder: Path, storage: str = 'mcap') -> None:
        """Write to ``folder``, which must not exist; ``storage`` is mcap or sqlite3.

        Raises:
            WriteError: it cannot be written.

        """
        self._folder = folder
        # Version 8 of the metadata is the newest that Humble's rosbag2 reads.
        self._writer = Writer(folder, version=8, storage_plugin=STORAGES[storage])
        self._connections: dict[str, Connection] = {}
        with self._told():
            self._writer.open()

    def advertise(self, topic: Topic) -> None:
        """Take up a topic."""
        with self._told():
            digest = topic.digest or digest_of(topic.type, topic.definition)
            self._connections[topic.name] = self._writer.add_connection(
                topic.name,
                topic.type,
                msgdef=topic.definition,
                rihs01=digest,
                offered_qos_profiles=topic.qos,
            )

    def write(self, message: TimedMessage) -> None:
        """Append a message.

        Raises:
            WriteError: the disk is full, or fails.

        """
        with self._told():
            self._writer.write(self._connections[message.topic], message.stamp, message.data)

    def close(self, information: Mapping[str, str] | None = None) -> None:
        """Finish the bag, with ``information`` in its metadata.

        Raises:
            WriteError: the disk is full, or fails.

        """
        for key, value in (information or {}).items():
            self._writer.set_custom_data(key, value)
        with self._told():
            self._writer.close()

    def abort(self) -> None:
        """Remove the bag."""
        with suppress(Exception):
            self._writer.abort()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> BagWriter:
        """Return the open bag."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bag after an error; it has to be closed otherwise."""
        if kind is not None:
            self.abort()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell of the storages' own and their libraries' errors in one way."""
        try:
            yield
        except Exception as error:
            reason = getattr(error, 'strerror', None) or error
            raise WriteError(f'cannot write bag {self._folder.name}: {reason}') from error
