# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Opening of inputs by their name: files and folders take precedence over camera numbers."""

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

# Files of a folder that are opened as images, so that invalid ones are reported
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

# Files of a folder that are opened as videos, so that invalid ones are reported
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
    """Open an image file, a folder of images, a video, a network stream or a camera.

    Args:
        source: a path, whose format is detected by content; an address that OpenCV's FFmpeg
            supports (rtsp://...); or a camera: its number, or /dev/videoN.
        wait: see LiveCamera.

    Raises:
        MediaError: it does not exist, cannot be opened, or has an unsupported format.
        MissingExtraError: it is a video, and PyAV is not installed.

    """
    if not source:
        raise MediaError(
            'input name is empty; expected a file, a folder, a stream address or a camera number'
        )
    path = Path(source)
    # Links such as /dev/v4l/by-id/NAME point to devices.
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
    """Return whether a file is a video, by its suffix or else by its content."""
    if not path.is_file():
        return False
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return True
    if not is_container(path):
        return False
    try:
        return len(Video(path)) != 1
    except MediaError:  # An audio file, for example
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
            f'no image in folder {path}; supported are {", ".join(FILE_FORMATS)}, GIF'
            f'{compressed_hint(path)}'
        )
    return Stills(tuple(files))


def _open_file(path: Path) -> Media:
    if is_bag(path):
        raise MediaError(f'{path} is a bag: use face-affect bag')
    if is_compressed(path):
        raise MediaError(f'{path} is compressed: decompress it first (zstd -d {path})')
    if not path.is_file():
        raise MediaError(f'cannot open {path}: it is neither a file nor a folder nor a camera')
    if not path.stat().st_size:
        raise MediaError(f'{path} is empty; expected an image or a video')
    if image_format(start_of(path)) in FILE_FORMATS:
        return Stills((path,))
    try:
        video = Video(path)
    except MediaError as error:
        raise MediaError(
            f'{path} is neither an image ({", ".join(FILE_FORMATS)}) nor a video: {error}'
        ) from error
    # A video of one frame is an image in a video container, such as AVIF.
    return Stills((path,)) if video.is_still else video
