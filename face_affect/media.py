# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Pictures, folders, videos and cameras as one stream of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import time

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURES = {'.bmp', '.jpeg', '.jpg', '.pgm', '.png', '.ppm', '.tif', '.tiff', '.webp'}
DEFAULT_RATE = 30.0  # frames a second, where a video does not say
STREAM_TIMEOUT = 5000  # milliseconds for a network stream to open, and to give the next frame


class MediaError(Exception):
    """A picture, video or camera cannot be read or written; the message says which and why."""


@dataclass(frozen=True)
class Frame:
    """One image u8 [H, W, 3] BGR; ``stamp`` seconds since the start of the stream."""

    index: int
    stamp: float
    image: NDArray[np.uint8]
    name: str


@dataclass(frozen=True)
class Stills:
    """Picture files that have nothing to do with each other."""

    files: tuple[Path, ...]
    moving = False
    live = False
    rate = 1.0

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.files)

    def __iter__(self) -> Iterator[Frame]:
        """Read one after the other."""
        for index, path in enumerate(self.files):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise MediaError(f'{path} does not decode as a picture')
            yield Frame(index, float(index), np.asarray(image, dtype=np.uint8), path.name)


def _capture(source: str | int) -> cv2.VideoCapture:
    # A network stream is read by FFmpeg, which would wait half a minute for one that is not there.
    if isinstance(source, str) and '://' in source:
        return cv2.VideoCapture(
            source,
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                STREAM_TIMEOUT,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                STREAM_TIMEOUT,
            ],
        )
    return cv2.VideoCapture(source)


class Video:
    """A video file, a stream address or a camera number; ``live`` unless it is a file."""

    moving = True

    def __init__(self, source: str | int) -> None:
        """Open it.

        Raises:
            MediaError: it does not open.

        """
        self._source = source
        self._name = str(source)
        self.live = isinstance(source, int) or '://' in self._name
        self._capture = _capture(source)
        if not self._capture.isOpened():
            kind = 'camera' if isinstance(source, int) else 'video'
            raise MediaError(f'{kind} {source} does not open')
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= 1000 else DEFAULT_RATE
        # Asked now: a capture that has been read to its end no longer knows.
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._count = 0 if self.live else max(0, int(count))

    def __len__(self) -> int:
        """Return the number of frames that the file announces; 0 for a live source."""
        return self._count

    def __iter__(self) -> Iterator[Frame]:
        """Read frames until the end, and anew if called again; the clock stamps a live source."""
        if not self._capture.isOpened():
            self._capture = _capture(self._source)
        index, start = 0, time.monotonic()
        while True:
            done, image = self._capture.read()
            if not done:
                break
            stamp = time.monotonic() - start if self.live else index / self.rate
            yield Frame(index, stamp, np.asarray(image, dtype=np.uint8), self._name)
            index += 1
        self._capture.release()
        if not index:
            raise MediaError(f'{self._name} gives no frame')


Media = Stills | Video


def open_media(source: str) -> Media:
    """Open a picture, a folder of pictures, a video, a stream address or a camera.

    ``source`` is a path, a URL that OpenCV's FFmpeg knows (rtsp://…), or a
    camera: its number, or /dev/videoN.

    Raises:
        MediaError: there is no such thing, or nothing to read in it.

    """
    if source.isdigit():
        return Video(int(source))
    if source.startswith('/dev/video') and source[10:].isdigit():
        return Video(int(source[10:]))
    if '://' in source:
        return Video(source)
    path = Path(source)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
        if not files:
            raise MediaError(
                f'no picture in folder {path}; known are {" ".join(sorted(PICTURES))}'
            )
        return Stills(tuple(files))
    if not path.exists():
        raise MediaError(f'{path}: no such file or folder')
    return Stills((path,)) if path.suffix.lower() in PICTURES else Video(str(path))
