# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Cameras and network streams, which come back after they were gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
import time

import cv2
import numpy as np

from face_affect.core.images import ImageError
from face_affect.core.pictures import Picture
from face_affect.media.errors import MediaError

STREAM_TIMEOUT = 5000  # milliseconds for a network stream to open, and to give the next frame
DEFAULT_RATE = 30.0  # frames a second, where a camera does not say
FAILURES = 5  # reads without an image after which the connection counts as lost
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0  # seconds before a lost source is opened again
GIVE_UP = 60.0  # seconds without an image

Wait = Callable[[float], bool | None]


def _capture(source: str | int) -> cv2.VideoCapture:
    # A network stream is read by FFmpeg, which would wait half a minute for one that is not there.
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
    """A camera by its number, or a network stream by its address."""

    moving = True
    live = True

    def __init__(self, source: str | int, wait: Wait = time.sleep) -> None:
        """Open it.

        Args:
            source: a number, or an address such as rtsp://HOST/PATH.
            wait: called with the seconds before a lost source is opened again; True ends the
                iteration instead.

        Raises:
            MediaError: it does not open.

        """
        self._source = source
        self._wait = wait
        self._capture = _capture(source)
        if not self._capture.isOpened():
            kind = 'camera' if isinstance(source, int) else 'stream'
            raise MediaError(f'{kind} {source} does not open')
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= 1000 else DEFAULT_RATE

    def __len__(self) -> int:
        """Return 0: the number of images is unknown."""
        return 0

    def __iter__(self) -> Iterator[Picture]:
        """Give images, stamped by the clock since the start.

        An image that does not decode is there, but broken. A lost source is opened again, at
        first after half a second, then at growing intervals; a broken picture says so each time.

        Raises:
            MediaError: no image has come for a minute.

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
                raise MediaError(f'{self._source} has given no image for {GIVE_UP:.0f} s')
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
            ImageError('undecodable', f'{self._source} gave an image that does not decode')
            if wait is None
            else ImageError(
                'lost', f'{self._source} gives no image; it is opened again in {wait:.1f} s'
            )
        )
        return Picture.broken(error, stamp, str(self._source))
