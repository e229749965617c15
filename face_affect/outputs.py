# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Output files and folders: whole or not at all, and never in place of the input."""

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
    """An output cannot be written; the message says which, why, and what to do."""


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Name the output in errors of the operating system."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f'cannot write {path}: {error.strerror or error}') from error


def file_ids(paths: Iterable[Path]) -> frozenset[FileId]:
    """Return the identities of files, and of folders with all that is in them.

    What does not exist, such as a camera's number, has none.
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
    """Raise OutputError if ``path`` is one of the inputs, by whatever name or link."""
    status = _status(path)
    if status and _file_id(status) in inputs:
        raise OutputError(f'cannot write {path}: it is the input; choose another output')


def _status(path: Path) -> os.stat_result | None:
    """Return the status of the file that ``path`` leads to; None if there is none yet.

    Links are followed by the kernel, which refuses those that others plant in shared folders.
    """
    with _explained(path):
        try:
            return path.stat()
        except FileNotFoundError:
            return None


def write_file(path: Path, data: bytes, inputs: frozenset[FileId] = frozenset()) -> None:
    """Write ``data`` to ``path``, whole or not at all; directly into a FIFO or device.

    Raises:
        OutputError: it is an input, or cannot be written.

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

    It has the suffix of ``path``, or else ``suffix``.

    At the end of the block its content becomes that of ``path``; after an error, or if it is
    empty, ``path`` stays as it was.

    Raises:
        OutputError: ``path`` is an input, or cannot be written.

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
    """Return whether ``path`` is written directly: a FIFO, a device, a descriptor.

    Raises:
        OutputError: it is a folder, or not accessible.

    """
    status = _status(path)
    if status and stat.S_ISDIR(status.st_mode):
        raise OutputError(f'cannot write {path}: it is a folder')
    return bool(status and not stat.S_ISREG(status.st_mode)) or _descriptor(path) is not None


def _descriptor(path: Path) -> int | None:
    """Return the number of this process's descriptor that ``path`` names, as /dev/stdout does."""
    for _ in range(_MAX_LINKS):
        folder = os.path.realpath(path.parent)
        if re.fullmatch(rf'/proc/{os.getpid()}(/task/\d+)?/fd', folder) and path.name.isdigit():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder) / path.readlink()
    return None


def _open_direct(path: Path) -> BinaryIO:
    # A duplicate shares the position: what the shell appends to is not overwritten.
    number = _descriptor(path)
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC
    return open(os.open(path, flags) if number is None else os.dup(number), 'wb')


@contextmanager
def _replacing(path: Path, suffix: str = '', or_keep: bool = False) -> Iterator[BinaryIO]:
    """Yield a new file beside the regular file that ``path`` leads to, which then replaces it.

    ``or_keep``: unless it is empty.
    """
    with _explained(path):
        former = _status(path)
        if former:
            # Replacing needs no permission to write the file itself: ask for it.
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
    """Create a file of an unpredictable name, exclusively and through no link."""
    path = folder / f'.face_affect-{secrets.token_hex(8)}{suffix}'
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return open(path, 'wb', opener=lambda name, _: os.open(name, flags, mode))


def _take_over(former: os.stat_result | None, path: Path) -> None:
    """Give ``path`` the owner, where permitted, and the mode of the file that it replaces."""
    if former:
        with suppress(PermissionError):
            os.chown(path, former.st_uid, former.st_gid)
        path.chmod(stat.S_IMODE(former.st_mode))


def resolve_folder(path: Path, source: Path) -> Path:
    """Return the folder that ``path`` leads to.

    Raises:
        OutputError: it is the input, lies in it, or contains it; or it is not a folder.

    """
    status = _status(path)
    if status and not stat.S_ISDIR(status.st_mode):
        raise OutputError(f'cannot write {path}: a folder was expected there')
    target, read = (Path(os.path.realpath(each)) for each in (path, source))
    if target == read or target in read.parents or read in target.parents:
        raise OutputError(
            f'cannot write {path}: it is the input {source}, or one lies in the other; '
            'choose another output'
        )
    return target


@contextmanager
def work_folder(output: Path) -> Iterator[Path]:
    """Yield a new folder beside ``output``, on the same disk, to write in; removed afterwards.

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
    """Create a folder of an unpredictable name; the lock on it goes with the process."""
    while True:
        folder = output.with_name(f'.{output.name}.{secrets.token_hex(8)}.writing')
        folder.mkdir(mode=0o700)
        # Another process may take it for one that was left, before the lock.
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
    """Return this user's work folders for ``output``, not counting links."""
    pattern = re.compile(rf'\.{re.escape(output.name)}\.[0-9a-f]{{16}}\.writing')
    return [
        Path(entry.path)
        for entry in os.scandir(output.parent)
        if pattern.fullmatch(entry.name)
        and entry.is_dir(follow_symlinks=False)
        and entry.stat(follow_symlinks=False).st_uid == os.geteuid()
    ]


def _remove_left(folder: Path, output: Path) -> None:
    """Remove what a killed process has left.

    Raises:
        OutputError: the process is alive.

    """
    try:
        lock = _lock(folder)
    except FileNotFoundError:
        return
    except BlockingIOError:
        raise OutputError(f'cannot write {output}: another process is writing it') from None
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def replace_folder(new: Path, output: Path) -> None:
    """Move the finished folder ``new`` to ``output``; a folder there goes, its mode stays."""
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
