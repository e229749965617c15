# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Atomic writing of output files and folders, which never overwrites an input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path
import re
import secrets
import shutil
import stat
import tempfile
from typing import BinaryIO

FileId = tuple[int, int]  # device and inode

_MAX_LINKS = 40  # as in Linux


class OutputError(OSError):
    """An output cannot be written; the message has the path, the reason and the remedy."""


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Convert OSErrors in the block to OutputErrors with the path."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f'cannot write {path}: {error.strerror or error}') from error


def file_ids(paths: Iterable[Path]) -> frozenset[FileId]:
    """Return device and inode of files, and of folders with their whole content.

    Paths that do not exist, such as a camera number, are skipped.
    """
    found: set[FileId] = set()
    for path in paths:
        with suppress(OSError, ValueError):
            for each in (path, *(path.rglob('*') if path.is_dir() else ())):
                found.add(_file_id(each.stat()))
    return frozenset(found)


def _file_id(status: os.stat_result) -> FileId:
    return status.st_dev, status.st_ino


def refuse_input(path: Path, inputs: frozenset[FileId]) -> None:
    """Raise OutputError if ``path`` is one of ``inputs``, also by another name or link."""
    status = _status(path)
    if status and _file_id(status) in inputs:
        raise OutputError(f'cannot write {path}: it is the input; choose another output')


def _status(path: Path) -> os.stat_result | None:
    """Return the status of the file that ``path`` resolves to; None if it does not exist.

    The kernel follows links, and rejects those of other users in shared folders
    (protected_symlinks).
    """
    with _explained(path):
        try:
            return path.stat()
        except FileNotFoundError:
            return None


def write_file(path: Path, data: bytes, inputs: frozenset[FileId] = frozenset()) -> None:
    """Write ``data`` to ``path`` atomically, or directly if it is a FIFO or device.

    Raises:
        OutputError: ``path`` is one of ``inputs``, or cannot be written.

    """
    refuse_input(path, inputs)
    writer = _open_direct if is_direct(path) else _replacing
    with _explained(path), writer(path) as stream:
        stream.write(data)


@contextmanager
def output_path(
    path: Path, inputs: frozenset[FileId] = frozenset(), suffix: str = ''
) -> Iterator[Path]:
    """Yield the path of a temporary file, for libraries that open files by name.

    Its suffix is that of ``path``, or else ``suffix``. At the end of the block it replaces
    ``path``; after an error, or if it is empty, ``path`` is unchanged.

    Raises:
        OutputError: ``path`` is one of ``inputs``, or cannot be written.

    """
    refuse_input(path, inputs)
    if not is_direct(path):
        with _replacing(path, path.suffix or suffix, or_keep=True) as stream:
            yield Path(stream.name)
        return
    with tempfile.TemporaryDirectory(prefix='face_affect-') as folder:
        temporary = Path(folder) / f'output{path.suffix or suffix}'
        yield temporary
        if temporary.exists():
            with _explained(path), temporary.open('rb') as content, _open_direct(path) as stream:
                shutil.copyfileobj(content, stream)


def is_direct(path: Path) -> bool:
    """Return whether ``path`` is written directly: a FIFO, a device or a file descriptor.

    Raises:
        OutputError: it is a folder, or not accessible.

    """
    status = _status(path)
    if status and stat.S_ISDIR(status.st_mode):
        raise OutputError(f'cannot write {path}: it is a folder, but must be a file')
    return bool(status and not stat.S_ISREG(status.st_mode)) or _descriptor(path) is not None


def _descriptor(path: Path) -> int | None:
    """Return the file descriptor of this process that ``path`` names, such as /dev/stdout."""
    for _ in range(_MAX_LINKS):
        folder = os.path.realpath(path.parent)
        if re.fullmatch(rf'/proc/{os.getpid()}(/task/\d+)?/fd', folder) and path.name.isdigit():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder) / path.readlink()
    return None


def _open_direct(path: Path) -> BinaryIO:
    # A duplicated descriptor shares the file offset, so that `>>` of a shell appends.
    number = _descriptor(path)
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC
    return open(os.open(path, flags) if number is None else os.dup(number), 'wb')


@contextmanager
def _replacing(path: Path, suffix: str = '', or_keep: bool = False) -> Iterator[BinaryIO]:
    """Yield a temporary file that replaces the regular file ``path`` at the end of the block.

    ``or_keep``: an empty one does not replace it.
    """
    with _explained(path):
        former = _status(path)
        if former:
            # Renaming over a read-only file would succeed: check the permission to write it.
            os.close(os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC))
        target = Path(os.path.realpath(path))
        stream = _create(target.parent, suffix, 0o600 if former else 0o666)
    temporary = Path(stream.name)
    try:
        with stream:
            yield stream
        with _explained(path):
            if not or_keep or temporary.stat().st_size:
                _take_over(former, temporary)
                temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _create(folder: Path, suffix: str, mode: int) -> BinaryIO:
    """Create a file of an unpredictable name, exclusively and without following links."""
    path = folder / f'.face_affect-{secrets.token_hex(8)}{suffix}'
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return open(path, 'wb', opener=lambda name, _: os.open(name, flags, mode))


def _take_over(former: os.stat_result | None, path: Path) -> None:
    """Copy the owner, if permitted, and the mode of the replaced file to ``path``."""
    if former:
        with suppress(PermissionError):
            os.chown(path, former.st_uid, former.st_gid)
        path.chmod(stat.S_IMODE(former.st_mode))


def resolve_folder(path: Path, source: Path) -> Path:
    """Return the folder that ``path`` resolves to.

    Raises:
        OutputError: it is the input ``source``, inside it, or contains it; or it is not a folder.

    """
    status = _status(path)
    if status and not stat.S_ISDIR(status.st_mode):
        raise OutputError(
            f'cannot write {path}: it is a file, but must be a folder; choose another output'
        )
    target, read = (Path(os.path.realpath(each)) for each in (path, source))
    if target == read or target in read.parents or read in target.parents:
        raise OutputError(
            f'cannot write {path}: it is the input {source}, or one contains the other; '
            'choose another output'
        )
    return target


@contextmanager
def work_folder(output: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``output``, on the same file system; remove it afterwards.

    Raises:
        OutputError: another process writes the same output, or it cannot be created.

    """
    with _explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        folder, lock = _create_locked(output)
    try:
        for other in _work_folders(output):
            if other != folder:
                _remove_left(other, output)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _create_locked(output: Path) -> tuple[Path, int]:
    """Create a folder of an unpredictable name, and a lock on it that ends with the process."""
    while True:
        folder = output.with_name(f'.{output.name}.{secrets.token_hex(8)}.writing')
        folder.mkdir(mode=0o700)
        # Until it is locked, another process may remove it as abandoned.
        with suppress(FileNotFoundError, BlockingIOError):
            lock = _lock(folder)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _lock(folder: Path) -> int:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _work_folders(output: Path) -> list[Path]:
    """Return this user's work folders for ``output``, without links."""
    pattern = re.compile(rf'\.{re.escape(output.name)}\.[0-9a-f]{{16}}\.writing')
    return [
        Path(entry.path)
        for entry in os.scandir(output.parent)
        if pattern.fullmatch(entry.name)
        and entry.is_dir(follow_symlinks=False)
        and entry.stat(follow_symlinks=False).st_uid == os.geteuid()
    ]


def _remove_left(folder: Path, output: Path) -> None:
    """Remove the work folder of a killed process.

    Raises:
        OutputError: the process is still running.

    """
    try:
        lock = _lock(folder)
    except FileNotFoundError:
        return
    except BlockingIOError:
        raise OutputError(
            f'cannot write {output}: another process is writing it; wait for its end'
        ) from None
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def replace_folder(new: Path, output: Path) -> None:
    """Move the finished folder ``new`` to ``output``; replace a folder there, keep its mode."""
    if not output.exists():
        new.rename(output)
        return
    former = new.with_name('replaced')
    new.chmod(stat.S_IMODE(output.stat().st_mode))
    output.rename(former)
    try:
        new.rename(output)
    except OSError:
        former.rename(output)
        raise
