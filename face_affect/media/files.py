# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Files by their content: names say little, and may not even be text."""

from __future__ import annotations

from pathlib import Path
import re

from face_affect.core.image_header import HEADER, image_format
from face_affect.core.images import FILE_FORMATS
from face_affect.core.regular_files import read_regular_file

BAG_SUFFIXES = ('.mcap', '.db3')
_BAG_MAGIC = {
    b'\x89MCAP0\r\n': 'MCAP',
    b'SQLite format 3\0': 'SQLite',
    b'#ROSBAG V': 'ROS 1 bag',
}
# Matroska and WebM, Ogg, Flash, ASF (WMV), MPEG, GIF
_CONTAINERS = (b'\x1a\x45\xdf\xa3', b'OggS', b'FLV\1', b'\x30\x26\xb2\x75', b'\0\0\1\xba', b'GIF8')
_ZSTD = b'\x28\xb5\x2f\xfd'
# NAME_NUMBER of the parts of a rosbag2, whatever its folder is called
_PART = re.compile(r'(?P<stem>.+)_(?P<number>0|[1-9]\d*)\Z', re.DOTALL)


def start_of(path: Path) -> bytes:
    """Return the first bytes of a file; none if it cannot be read."""
    try:
        return read_regular_file(path, HEADER)
    except (OSError, ValueError):
        return b''


def bag_format(path: Path) -> str | None:
    """Return which bag a file is by its content; None if it is not a bag."""
    start = start_of(path)
    return next((name for magic, name in _BAG_MAGIC.items() if start.startswith(magic)), None)


def is_compressed(path: Path) -> bool:
    """Return whether a file is compressed as a whole, as rosbag2 does with parts of a bag."""
    return start_of(path).startswith(_ZSTD)


def compressed_hint(folder: Path) -> str:
    """Return what to do with a compressed file in ``folder``, to follow an error; maybe empty."""
    packed = next((path for path in sorted(folder.iterdir()) if is_compressed(path)), None)
    return f'; {packed.name} is compressed: unpack it first (zstd -d)' if packed else ''


def bag_parts(folder: Path) -> list[Path]:
    """Return the files of the rosbag2 that ``folder`` is, without metadata, in order; maybe none.

    They are the only ones of their kind in the folder, numbered from 0: NAME_0.mcap and so on.
    """
    parts = {}
    for path in folder.iterdir():
        if path.suffix not in BAG_SUFFIXES or path.name.startswith('.'):
            continue
        match = _PART.match(path.stem)
        if match is None:
            return []
        parts[match['stem'], path.suffix, int(match['number'])] = path
    kinds = {(stem, suffix) for stem, suffix, _ in parts}
    first = min((number for _, _, number in parts), default=None)
    if len(kinds) != 1 or first != 0:
        return []
    return [parts[key] for key in sorted(parts)]


def is_bag(path: Path) -> bool:
    """Return whether ``path`` is a bag: a rosbag2 folder, an MCAP or SQLite file, a ROS 1 bag.

    An empty or cut-off file whose name says so counts, too.
    """
    if path.is_dir():
        return (path / 'metadata.yaml').exists() or bool(bag_parts(path))
    return path.is_file() and (
        bag_format(path) is not None or path.suffix in (*BAG_SUFFIXES, '.bag')
    )


def is_container(path: Path) -> bool:
    """Return whether a file begins as files of moving pictures and sound do."""
    start = start_of(path)
    return (
        start.startswith(_CONTAINERS)
        or start[4:8] == b'ftyp'
        or (start[:4] == b'RIFF' and start[8:12] == b'AVI ')
    )


def is_picture(path: Path) -> bool:
    """Return whether a file is a picture by its content, an animated one included."""
    return image_format(start_of(path)) in (*FILE_FORMATS, 'GIF', 'AVIF or HEIC')
