# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Writing of image and video files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.stamps import SECOND
from face_affect.media import MediaError
from face_affect.media.pyav import load_pyav
from face_affect.outputs import FileId, is_direct, output_path, write_file

# Suffix -> container with variable frame rate
CONTAINERS = {'.mp4': 'mp4', '.mov': 'mov', '.mkv': 'matroska'}
# MPEG-4 allows at most 65535 ticks per second; 60000 represents all usual rates, 29.97 Hz too.
TIME_BASE = Fraction(1, 60_000)
QUANTISER = '3'  # of MPEG-4's 1 to 31: low compression keeps drawn text sharp


class VideoFile:
    """A context manager that writes frames of one size with timestamps to an MPEG-4 file."""

    def __init__(self, path: Path, inputs: frozenset[FileId] = frozenset()) -> None:
        """Write to ``path``, which must not be one of ``inputs``."""
        self._path = path
        self._inputs = inputs
        self._container: Any = None
        self._stream: Any = None
        self._start = 0
        self._last = -1

    def __enter__(self) -> VideoFile:
        """Open the file.

        Raises:
            MediaError: its suffix is not one of CONTAINERS.
            MissingExtraError: PyAV is not installed.
            OutputError: it is an input, or cannot be written.

        """
        suffix = (self._path.suffix or '.mp4').lower()
        if suffix not in CONTAINERS:
            raise MediaError(
                f"cannot write video {self._path}: the suffix is '{self._path.suffix}', but must "
                f'be one of {", ".join(CONTAINERS)}'
            )
        self._av = load_pyav()
        with ExitStack() as stack:
            temporary = stack.enter_context(output_path(self._path, self._inputs, '.mp4'))
            # Python opens the file: FFmpeg takes names in UTF-8 only.
            self._file = stack.enter_context(temporary.open('wb'))
            self._format = CONTAINERS[suffix]
            stack.push(self._finish)
            self._stack = stack.pop_all()
        return self

    def write(self, image: NDArray[np.uint8], stamp: int) -> None:
        """Append a frame u8 [H, W, 3] BGR, captured at ``stamp`` nanoseconds.

        The first frame has time 0. A stamp that does not exceed the previous one is replaced by
        the next tick.

        Raises:
            MediaError: the file cannot be written.

        """
        with self._explained():
            if self._container is None:
                self._open(image)
                self._start = stamp
            frame = self._av.VideoFrame.from_ndarray(image, format='bgr24')
            ticks = round(Fraction(stamp - self._start, SECOND) / TIME_BASE)
            previous, self._last = self._last, max(ticks, self._last + 1)
            frame.pts, frame.time_base = self._last, TIME_BASE
            for packet in self._stream.encode(frame):
                # Has effect for the last frame only, whose duration is that of the previous one.
                packet.duration = self._last - previous
                self._container.mux(packet)

    def _open(self, image: NDArray[np.uint8]) -> None:
        self._container = self._av.open(self._file, 'w', format=self._format)
        options = {'qmin': QUANTISER, 'qmax': QUANTISER}
        self._stream = self._container.add_stream('mpeg4', options=options)
        self._stream.height, self._stream.width = image.shape[:2]
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = TIME_BASE

    def __exit__(self, *exception: Any) -> None:
        """Close the file and move it to ``path``; after an error, ``path`` is unchanged.

        Raises:
            MediaError: the last frames cannot be encoded or written.
            OutputError: ``path`` cannot be written.

        """
        self._stack.__exit__(*exception)

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._container is None:
            return
        if kind is not None:
            with suppress(OSError, self._av.error.FFmpegError):
                self._container.close()
            return
        with self._explained():
            self._container.mux(self._stream.encode())
            self._container.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, self._av.error.FFmpegError) as error:
            reason = getattr(error, 'strerror', None) or error
            raise MediaError(f'cannot write video {self._path}: {reason}') from error


def write_picture(
    path: Path, image: NDArray[np.uint8], inputs: frozenset[FileId] = frozenset()
) -> None:
    """Write an image u8 [H, W, 3] BGR or [H, W] gray in the format of the suffix of ``path``.

    A FIFO or device without a suffix gets a JPEG.

    Raises:
        MediaError: the suffix is unknown, or its format cannot represent the image.
        OutputError: ``path`` is one of ``inputs``, or cannot be written.

    """
    suffix = path.suffix or ('.jpg' if is_direct(path) else '')
    try:
        done, data = cv2.imencode(suffix, image)
    except cv2.error as error:
        raise MediaError(
            f"cannot write image {path}: the suffix is '{suffix}', but must be one that OpenCV "
            f'can encode, such as .jpg or .png ({error.err})'
        ) from error
    if not done:
        raise MediaError(
            f'cannot write image {path}: {suffix} does not support shape {image.shape}'
        )
    write_file(path, data.tobytes(), inputs)
