# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Outputs: complete or absent, through links, never over the input or foreign files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import stat
import subprocess
import sys
import tempfile
import threading

from demo_bag import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from face_affect.outputs import (
    file_ids,
    output_path,
    OutputError,
    replace_folder,
    resolve_folder,
    work_folder,
    write_file,
)

INPUT = b'the only copy'
FORMER = b'written earlier'


def write_by_name(path: Path, data: bytes, inputs: frozenset[tuple[int, int]]) -> None:
    with output_path(path, inputs) as temporary:
        temporary.write_bytes(data)


WRITERS = [write_file, write_by_name]
Writer = Callable[[Path, bytes, frozenset[tuple[int, int]]], None]


@contextmanager
def read_in_background(pipe: Path) -> Iterator[list[bytes]]:
    """Read a FIFO, whose writer waits for a reader."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    thread.start()
    yield found
    thread.join(10)
    assert not thread.is_alive()


# What can be in an output's place: a file, nothing, a FIFO, a folder, the input. Each by its own
# name, through links, or, where it is a file, by a second name of the same inode.
KINDS = ('file', 'nothing', 'fifo', 'folder', 'input')
WAYS = ('itself', 'link', 'two links', 'relative link', 'hard link')


def make(kind: str, folder: Path, mode: int) -> Path:
    path = folder / kind
    if kind == 'file':
        path.write_bytes(FORMER)
        path.chmod(mode)
    elif kind == 'fifo':
        os.mkfifo(path, mode)
        path.chmod(mode)
    elif kind == 'folder':
        path.mkdir()
    return path


def reach(path: Path, way: str, folder: Path) -> Path:
    name = folder / 'name'
    if way == 'itself' or (way == 'hard link' and not path.is_file()):
        return path
    if way == 'hard link':
        os.link(path, name)
    elif way == 'relative link':
        name.symlink_to(os.path.relpath(path, folder))
    else:
        name.symlink_to(path)
    if way == 'two links':
        (folder / 'second').symlink_to('name')
        return folder / 'second'
    return name


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    way=st.sampled_from(WAYS),
    mode=st.sampled_from([0o600, 0o640, 0o644, 0o755]),
    data=st.binary(min_size=1, max_size=100_000),
    write=st.sampled_from(WRITERS),
)
def test_every_kind_of_existing_output(
    kind: str, way: str, mode: int, data: bytes, write: Writer
) -> None:
    with tempfile.TemporaryDirectory() as top:
        things, names = Path(top) / 'things', Path(top) / 'names'
        things.mkdir()
        names.mkdir()
        (things / 'input').write_bytes(INPUT)
        target = make(kind, things, mode)
        path = reach(target, way, names)
        inputs = file_ids([things / 'input'])
        before = {each: each.lstat().st_mode for each in (*things.iterdir(), *names.iterdir())}
        if kind in ('folder', 'input'):
            with pytest.raises(OutputError, match=f'cannot write {path}: it is '):
                write(path, data, inputs)
        elif kind == 'fifo':
            with read_in_background(target) as found:
                write(path, data, inputs)
            assert found == [data]
        else:
            write(path, data, inputs)
            assert path.read_bytes() == data
            if way != 'hard link':
                assert target.read_bytes() == data
        # No other file was created, replaced or made accessible.
        after = {each: each.lstat().st_mode for each in (*things.iterdir(), *names.iterdir())}
        assert {each: after.get(each) for each in before} == before
        assert set(after) - set(before) <= {target}
        assert (things / 'input').read_bytes() == INPUT


@pytest.mark.parametrize('write', WRITERS)
def test_devices_are_kept_and_their_errors_reported(tmp_path: Path, write: Writer) -> None:
    write(Path('/dev/null'), b'gone', frozenset())
    assert stat.S_ISCHR(os.stat('/dev/null').st_mode)
    (tmp_path / 'full').symlink_to('/dev/full')
    with pytest.raises(OutputError, match=r'full: No space left on device'):
        write(tmp_path / 'full', b'too much', frozenset())
    assert stat.S_ISCHR(os.stat('/dev/full').st_mode)
    assert (tmp_path / 'full').readlink() == Path('/dev/full')


@pytest.mark.parametrize('name', ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])
@pytest.mark.parametrize('writer', ['write_file', 'output_path'])
def test_the_standard_output_is_continued(tmp_path: Path, name: str, writer: str) -> None:
    """To a pipe, and appended to a file."""
    code = (
        'import sys; from pathlib import Path; from face_affect.outputs import *\n'
        'if sys.argv[2] == "write_file": write_file(Path(sys.argv[1]), b"report")\n'
        'else:\n'
        '  with output_path(Path(sys.argv[1])) as path: path.write_bytes(b"report")\n'
        'print(" end", end="")'
    )
    command = [sys.executable, '-c', code, name, writer]
    piped = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60)
    assert piped.stdout == b'report end'
    with (tmp_path / 'log').open('ab') as log:
        log.write(b'earlier ')
        log.flush()
        subprocess.run(command, cwd=ROOT, stdout=log, check=True, timeout=60)
    assert (tmp_path / 'log').read_bytes() == b'earlier report end'
    assert [path.name for path in tmp_path.iterdir()] == ['log']


def test_after_an_error_everything_is_as_before(tmp_path: Path) -> None:
    path = tmp_path / 'out'
    path.write_bytes(FORMER)
    with pytest.raises(RuntimeError), output_path(path) as temporary:
        temporary.write_bytes(b'a part')
        raise RuntimeError
    assert path.read_bytes() == FORMER
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_that_wrote_nothing_leaves_no_file(tmp_path: Path) -> None:
    with output_path(tmp_path / 'out.mp4') as temporary:
        assert temporary.suffix == '.mp4' and temporary.parent == tmp_path
    assert not list(tmp_path.iterdir())


def test_names_of_temporary_files_differ(tmp_path: Path) -> None:
    with output_path(tmp_path / 'out') as one, output_path(tmp_path / 'out') as other:
        assert one != other
        assert stat.S_ISREG(one.lstat().st_mode)


@pytest.mark.parametrize(
    'name, reason',
    [
        ('no/such/out', 'No such file or directory'),
        ('file/out', 'Not a directory'),
        ('loop', 'Too many levels of symbolic links'),
    ],
)
@pytest.mark.parametrize('write', WRITERS)
def test_no_place_to_write(tmp_path: Path, name: str, reason: str, write: Writer) -> None:
    (tmp_path / 'file').write_bytes(FORMER)
    (tmp_path / 'loop').symlink_to('loop')
    with pytest.raises(OutputError, match=f'cannot write {tmp_path / name}: {reason}'):
        write(tmp_path / name, b'data', frozenset())


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everything')
@pytest.mark.parametrize('write', WRITERS)
def test_a_file_without_permission_to_write_stays(tmp_path: Path, write: Writer) -> None:
    path = tmp_path / 'out'
    path.write_bytes(FORMER)
    path.chmod(0o444)
    with pytest.raises(OutputError, match='Permission denied'):
        write(path, b'data', frozenset())
    assert path.read_bytes() == FORMER


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / 'out', b'data')
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / 'out').stat().st_mode) == 0o640


# Folders


@pytest.mark.parametrize('name', ['.out.writing', '.out.0123456789abcdef.writing'])
def test_a_link_in_the_work_folders_place_is_not_followed(tmp_path: Path, name: str) -> None:
    home = tmp_path / 'home'
    home.mkdir()
    (home / 'thesis.txt').write_bytes(INPUT)
    shared = tmp_path / 'shared'
    shared.mkdir()
    (shared / name).symlink_to(home)
    with work_folder(shared / 'out') as folder:
        assert not folder.is_symlink()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (home / 'thesis.txt').read_bytes() == INPUT
    assert [path.name for path in shared.iterdir()] == [name]


def test_an_ordinary_folder_of_the_former_name_stays(tmp_path: Path) -> None:
    (tmp_path / '.out.writing').mkdir()
    (tmp_path / '.out.writing' / 'thesis.txt').write_bytes(INPUT)
    with work_folder(tmp_path / 'out'):
        pass
    assert (tmp_path / '.out.writing' / 'thesis.txt').read_bytes() == INPUT


def test_a_replaced_folder_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir(mode=0o750)
    (tmp_path / 'out').chmod(0o750)
    with work_folder(tmp_path / 'out') as folder:
        (folder / 'new').mkdir()
        replace_folder(folder / 'new', tmp_path / 'out')
    assert stat.S_IMODE((tmp_path / 'out').stat().st_mode) == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ['out']


def test_where_a_folder_leads(tmp_path: Path) -> None:
    source, real = tmp_path / 'bag', tmp_path / 'real'
    source.mkdir()
    real.mkdir()
    (tmp_path / 'link').symlink_to(real)
    (tmp_path / 'other').symlink_to(source)
    (tmp_path / 'file').write_bytes(FORMER)
    os.mkfifo(tmp_path / 'fifo')
    assert resolve_folder(tmp_path / 'link', source) == real
    assert resolve_folder(tmp_path / 'link' / 'new', source) == real / 'new'
    for name in ('bag', 'other', 'bag/below', 'other/below', '.'):
        with pytest.raises(OutputError, match='it is the input'):
            resolve_folder(tmp_path / name, source)
    for name in ('file', 'fifo'):
        with pytest.raises(OutputError, match='it is a file, but must be a folder'):
            resolve_folder(tmp_path / name, source)
