# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Identification of files by content, since suffixes are unreliable."""

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
# Magic numbers of Matroska and WebM, Ogg, Flash, ASF (WMV), MPEG and GIF
_CONTAINERS = (b'\x1a\x45\xdf\xa3', b'OggS', b'FLV\1', b'\x30\x26\xb2\x75', b'\0\0\1\xba', b'GIF8')
_ZSTD = b'\x28\xb5\x2f\xfd'
# Stem NAME_NUMBER of the files of a rosbag2; NAME need not be that of the folder.
_PART = re.compile(r'(?P<stem>.+)_(?P<number>0|[1-9]\d*)\Z', re.DOTALL)


def start_of(path: Path) -> bytes:
    """Return the first HEADER bytes of a file; b'' if it cannot be read."""
    try:
        return read_regular_file(path, HEADER)
    except (OSError, ValueError):
        return b''


def bag_format(path: Path) -> str | None:
    """Return the bag format of a file, MCAP, SQLite or ROS 1 bag; None if it is not a bag."""
    start = start_of(path)
    return next((name for magic, name in _BAG_MAGIC.items() if start.startswith(magic)), None)


def is_compressed(path: Path) -> bool:
    """Return whether a file is compressed with zstd, as by rosbag2's file compression."""
    return start_of(path).startswith(_ZSTD)


def compressed_hint(folder: Path) -> str:
    """Return the suffix of an error message for a compressed file in ``folder``; '' without."""
    packed = next((path for path in sorted(folder.iterdir()) if is_compressed(path)), None)
    return f'; {packed.name} is compressed: decompress it first (zstd -d)' if packed else ''


def bag_parts(folder: Path) -> list[Path]:
    """Return the bag files of a rosbag2 folder in order; [] if the folder is not a rosbag2.

    The bag files must have one NAME and suffix and be numbered from 0: NAME_0.mcap and so on.
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

    Empty or truncated files with the suffix of a bag are included.
    """
    if path.is_dir():
        return (path / 'metadata.yaml').exists() or bool(bag_parts(path))
    return path.is_file() and (
        bag_format(path) is not None or path.suffix in (*BAG_SUFFIXES, '.bag')
    )


def is_container(path: Path) -> bool:
    """Return whether a file has the magic number of a video or audio container."""
    start = start_of(path)
    return (
        start.startswith(_CONTAINERS)
        or start[4:8] == b'ftyp'
        or (start[:4] == b'RIFF' and start[8:12] == b'AVI ')
    )


def is_picture(path: Path) -> bool:
    """Return whether a file is an image by its content, animations included."""
    return image_format(start_of(path)) in (*FILE_FORMATS, 'GIF', 'AVIF or HEIC')
