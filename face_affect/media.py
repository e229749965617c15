# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Pictures, folders, videos and cameras as one stream of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import time
from types import TracebackType

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


class VideoFile:
    """Writes frames of one size to an MP4 file; a context manager."""

    def __init__(self, path: Path, rate: float) -> None:
        """Write to ``path`` at ``rate`` frames a second."""
        self._path = path
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None
        self._written = 0

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append a frame, u8 [H, W, 3] BGR.

        Raises:
            MediaError: the file cannot be written.

        """
        if self._writer is None:
            size = (image.shape[1], image.shape[0])
            self._writer = cv2.VideoWriter(
                str(self._path), cv2.VideoWriter_fourcc(*'mp4v'), self._rate, size
            )
            if not self._writer.isOpened():
                raise MediaError(f'cannot write video {self._path}')
        self._writer.write(image)
        self._written += 1

    def __enter__(self) -> VideoFile:
        """Return the open file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file.

        Raises:
            MediaError: the file is not whole. OpenCV itself says nothing of a full disk.

        """
        if self._writer is None:
            return
        self._writer.release()
        kept = int(cv2.VideoCapture(str(self._path)).get(cv2.CAP_PROP_FRAME_COUNT))
        if kind is None and kept < self._written:
            raise MediaError(
                f'video {self._path} holds {max(kept, 0)} of {self._written} frames: '
                'is the disk full?'
            )


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture, its format by its name.

    Raises:
        MediaError: it cannot be written (no such folder, disk full), or the format is unknown.

    """
    try:
        # Not imwrite: it takes no notice of a full disk.
        done, data = cv2.imencode(path.suffix or path.name, image)
        if done:
            path.write_bytes(data.tobytes())
    except cv2.error as error:
        raise MediaError(f'cannot write picture {path}: {error.err}') from error
    except OSError as error:
        raise MediaError(f'cannot write picture {path}: {error.strerror}') from error
    if not done:
        raise MediaError(f'cannot write picture {path}: {path.suffix} cannot hold it')
