# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Find out what an argument means: what exists goes before a camera's number."""

from __future__ import annotations

import os
from pathlib import Path
import re
import time

from face_affect.core.image_header import image_format
from face_affect.core.images import FILE_FORMATS
from face_affect.media.errors import MediaError
from face_affect.media.files import (
    compressed_hint,
    is_bag,
    is_compressed,
    is_container,
    is_picture,
    start_of,
)
from face_affect.media.live import LiveCamera, Wait
from face_affect.media.stills import Stills
from face_affect.media.video import Video

# Files of an album that claim to be pictures, so that one which is not is reported
PICTURE_SUFFIXES = {
    '.bmp',
    '.gif',
    '.j2k',
    '.jfif',
    '.jp2',
    '.jpe',
    '.jpeg',
    '.jpg',
    '.pbm',
    '.pgm',
    '.png',
    '.ppm',
    '.tif',
    '.tiff',
    '.webp',
}

# Files of a folder that claim to be videos, so that one which does not open is reported
VIDEO_SUFFIXES = {
    '.avi',
    '.gif',
    '.m4v',
    '.mkv',
    '.mov',
    '.mp4',
    '.mpeg',
    '.mpg',
    '.ogv',
    '.webm',
    '.wmv',
}

Media = Stills | Video | LiveCamera


def open_media(source: str, wait: Wait = time.sleep) -> Media:
    """Open a picture, a folder of pictures, a video, a stream address or a camera.

    Args:
        source: a path, whose content decides what it is; an address that OpenCV's FFmpeg knows
            (rtsp://...); or a camera: its number, or /dev/videoN.
        wait: see LiveCamera.

    Raises:
        MediaError: it does not exist, or is something else.
        MissingExtraError: it is a video, and PyAV is not installed.

    """
    if not source:
        raise MediaError('the name of the input is empty')
    path = Path(source)
    # Links such as /dev/v4l/by-id/NAME lead to devices.
    if device := re.fullmatch(r'/dev/video([0-9]+)', os.path.realpath(source)):
        return LiveCamera(int(device[1]), wait)
    if path.is_dir():
        return _open_folder(path)
    if path.exists():
        return _open_file(path)
    if '://' in source:
        return LiveCamera(source, wait)
    if re.fullmatch('[0-9]{1,9}', source):
        return LiveCamera(int(source), wait)
    raise MediaError(f'{source}: no such file or folder')


def is_video(path: Path) -> bool:
    """Return whether a file is a video: its name says so, or else its content."""
    if not path.is_file():
        return False
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return True
    if not is_container(path):
        return False
    try:
        return len(Video(path)) != 1
    except MediaError:  # Sound, for one
        return False


def _open_folder(path: Path) -> Stills:
    if is_bag(path):
        raise MediaError(f'{path} is a bag: use face-affect bag')
    files = sorted(
        file
        for file in path.iterdir()
        if not file.name.startswith('.')
        and (file.suffix.lower() in PICTURE_SUFFIXES or is_picture(file))
    )
    if not files:
        raise MediaError(
            f'no picture in folder {path}; known are {", ".join(FILE_FORMATS)}, GIF'
            f'{compressed_hint(path)}'
        )
    return Stills(tuple(files))


def _open_file(path: Path) -> Media:
    if is_bag(path):
        raise MediaError(f'{path} is a bag: use face-affect bag')
    if is_compressed(path):
        raise MediaError(f'{path} is compressed: unpack it first (zstd -d {path})')
    if not path.is_file():
        raise MediaError(f'{path} is neither a file nor a folder nor a camera')
    if not path.stat().st_size:
        raise MediaError(f'{path} is empty')
    if image_format(start_of(path)) in FILE_FORMATS:
        return Stills((path,))
    try:
        video = Video(path)
    except MediaError as error:
        raise MediaError(
            f'{path} is neither a picture ({", ".join(FILE_FORMATS)}) nor a video: {error}'
        ) from error
    # A still is a still, whatever it is wrapped in.
    return Stills((path,)) if video.is_still else video
