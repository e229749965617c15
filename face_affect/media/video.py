# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Video files: frames with the container's timestamps; corrupt frames do not end the video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.images import ImageError
from face_affect.core.pictures import Picture
from face_affect.core.stamps import SECOND
from face_affect.media.errors import MediaError
from face_affect.media.pyav import load_pyav

DEFAULT_RATE = 30.0  # frames per second of videos that do not state it
# Video containers. FFmpeg's other demuxers render text files, or open the files and hosts that a
# playlist names.
FORMATS = (
    'asf,avi,dv,flv,gif,h264,hevc,ivf,m4v,matroska,webm,mjpeg,mov,mp4,m4a,3gp,3g2,mj2,mpeg,mpegts,'
    'mpegvideo,mxf,nut,ogg,rm'
)
# Counterclockwise rotation in the metadata, as written by phones -> rotation code of OpenCV
_ROTATIONS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}


class Video:
    """A video file."""

    moving = True
    live = False

    def __init__(self, path: Path) -> None:
        """Read the frame rate and the number of frames from the header.

        Raises:
            MediaError: it is not a video, or cannot be read.
            MissingExtraError: PyAV is not installed.

        """
        self._path = path
        with self._open() as (_, stream):
            # FFmpeg's guess is used for streams with too few frames for an average.
            rate = float(stream.average_rate or stream.guessed_rate or 0)
            self.rate = rate if 0 < rate <= 1000 else DEFAULT_RATE
            self._count = int(stream.frames)

    def __len__(self) -> int:
        """Return the number of frames in the header; 0 if it is not stated."""
        return self._count

    @property
    def is_still(self) -> bool:
        """Whether the video has a single frame."""
        return len(list(islice(self, 2))) == 1

    def __iter__(self) -> Iterator[Picture]:
        """Yield the frames from the start; one that cannot be decoded is a broken picture.

        Raises:
            MediaError: there is no frame, or the rest of the file cannot be read.

        """
        count, stamp, first = 0, 0, None
        step = round(SECOND / self.rate)
        with self._open() as (container, stream):
            for frame in self._frames(container, stream):
                if not isinstance(frame, ImageError) and frame.pts is not None:
                    time = round(frame.pts * Fraction(stream.time_base) * SECOND)
                    first = time - stamp if first is None else first
                    stamp = time - first
                yield self._picture(frame, stamp)
                count += 1
                stamp += step  # for a next frame without timestamp
        if not count:
            raise MediaError(f'video {self._path} has no frame; expected at least one')

    def _picture(self, frame: Any, stamp: int) -> Picture:
        if isinstance(frame, ImageError):
            return Picture.broken(frame, stamp, self._path.name)
        return Picture(stamp, stamp, lambda: _image(frame), name=self._path.name)

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield decoded frames, and an ImageError for each that cannot be decoded."""
        av = load_pyav()
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                raise MediaError(
                    f'cannot read the rest of video {self._path}: {error.strerror}'
                ) from error
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.error.FFmpegError as error:
                yield ImageError('undecodable', f'cannot decode a frame: {error.strerror}')

    @contextmanager
    def _open(self) -> Iterator[tuple[Any, Any]]:
        av = load_pyav()
        try:
            # Opened by Python: FFmpeg interprets names as addresses, and accepts only UTF-8.
            with (
                self._path.open('rb') as file,
                av.open(file, options={'format_whitelist': FORMATS}) as container,
            ):
                if not container.streams.video:
                    raise MediaError(f'{self._path} has no video stream, only audio or data')
                stream = container.streams.video[0]
                stream.thread_type = 'AUTO'
                yield container, stream
        except (OSError, av.error.FFmpegError) as error:
            raise MediaError(f'cannot open video {self._path}: {error.strerror}') from error


def _image(frame: Any) -> NDArray[np.uint8]:
    """Return a frame in upright orientation as u8 [H, W, 3] BGR."""
    image = frame.to_ndarray(format='bgr24')
    turn = _ROTATIONS.get(round(frame.rotation) % 360)
    return np.asarray(image if turn is None else cv2.rotate(image, turn), dtype=np.uint8)
