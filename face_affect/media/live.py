# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Cameras and network streams, with reconnection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
import time

import cv2
import numpy as np

from face_affect.core.images import ImageError
from face_affect.core.pictures import Picture
from face_affect.media.errors import MediaError

STREAM_TIMEOUT = 5000  # milliseconds for opening a network stream, and for each frame
DEFAULT_RATE = 30.0  # frames per second of cameras that do not report it
FAILURES = 5  # successive failed reads after which the source counts as lost
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0  # seconds before a reconnection, doubled each time
GIVE_UP = 60.0  # seconds without an image

Wait = Callable[[float], bool | None]


def _capture(source: str | int) -> cv2.VideoCapture:
    # FFmpeg's default timeout for an unreachable stream is 30 s.
    if isinstance(source, str):
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


class LiveCamera:
    """A camera, by its number, or a network stream, by its address."""

    moving = True
    live = True

    def __init__(self, source: str | int, wait: Wait = time.sleep) -> None:
        """Open the source.

        Args:
            source: a camera number, or an address such as rtsp://HOST/PATH.
            wait: sleeps for the given seconds before a reconnection; if it returns True, the
                iteration ends instead.

        Raises:
            MediaError: the source cannot be opened.

        """
        self._source = source
        self._wait = wait
        self._capture = _capture(source)
        if not self._capture.isOpened():
            if isinstance(source, int):
                raise MediaError(
                    f'cannot open camera {source}; check that /dev/video{source} exists, is '
                    'readable and not in use'
                )
            raise MediaError(f'cannot open stream {source}; check address and network')
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= 1000 else DEFAULT_RATE

    def __len__(self) -> int:
        """Return 0, since the number of images is unknown."""
        return 0

    def __iter__(self) -> Iterator[Picture]:
        """Yield images; stamps are nanoseconds since the start of the iteration.

        A failed read yields a broken picture. A lost source is opened again after FIRST_WAIT
        seconds, doubled up to LONGEST_WAIT; each attempt yields a broken picture.

        Raises:
            MediaError: there was no image for GIVE_UP seconds.

        """
        start = newest = time.monotonic()
        failures, wait = 0, FIRST_WAIT
        while True:
            done, image = self._capture.read()
            now = time.monotonic()
            stamp = round((now - start) * 1e9)
            if done:
                failures, wait, newest = 0, FIRST_WAIT, now
                yield Picture(stamp, stamp, partial(np.asarray, image), name=str(self._source))
                continue
            if now - newest > GIVE_UP:
                raise MediaError(
                    f'no image from {self._source} for {GIVE_UP:.0f} s; check camera and network'
                )
            failures += 1
            lost = failures >= FAILURES or not self._capture.isOpened()
            yield self._failed(stamp, wait if lost else None)
            if lost:
                self._capture.release()
                if self._wait(wait):
                    return
                self._capture = _capture(self._source)
                failures, wait = 0, min(2 * wait, LONGEST_WAIT)

    def _failed(self, stamp: int, wait: float | None) -> Picture:
        error = (
            ImageError('undecodable', f'cannot decode an image from {self._source}')
            if wait is None
            else ImageError(
                'lost', f'connection to {self._source} is lost; it is reopened in {wait:.1f} s'
            )
        )
        return Picture.broken(error, stamp, str(self._source))
