# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Annotated pictures and videos as files."""

from __future__ import annotations

from contextlib import ExitStack
import os
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.media import MediaError
from face_affect.outputs import FileId, is_direct, output_path, write_file


class VideoFile:
    """Writes frames of one size to an MP4 file; a context manager."""

    def __init__(self, path: Path, rate: float, inputs: frozenset[FileId] = frozenset()) -> None:
        """Write to ``path``, which must not be one of ``inputs``, at ``rate`` frames a second."""
        self._path = path
        self._rate = rate
        self._inputs = inputs
        self._writer: cv2.VideoWriter | None = None
        self._written = 0

    def __enter__(self) -> VideoFile:
        """Open the file.

        Raises:
            OutputError: it is an input, or cannot be written.

        """
        with ExitStack() as stack:
            temporary = stack.enter_context(output_path(self._path, self._inputs, '.mp4'))
            # OpenCV takes names in UTF-8 only; that of the folder may be another.
            folder = os.open(temporary.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            self._temporary = f'/proc/self/fd/{folder}/{temporary.name}'
            stack.push(self._finish)
            self._stack = stack.pop_all()
        return self

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append a frame, u8 [H, W, 3] BGR.

        Raises:
            MediaError: the file cannot be written.

        """
        if self._writer is None:
            size = (image.shape[1], image.shape[0])
            self._writer = cv2.VideoWriter(
                self._temporary, cv2.VideoWriter_fourcc(*'mp4v'), self._rate, size
            )
            if not self._writer.isOpened():
                raise MediaError(
                    f'cannot write video {self._path}: OpenCV cannot encode MPEG-4 into a file '
                    f"with the suffix '{self._path.suffix}'; use .mp4"
                )
        self._writer.write(image)
        self._written += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file; after an error, ``path`` stays as it was.

        Raises:
            MediaError: the file is not whole. OpenCV itself does not report a full disk.
            OutputError: it cannot be written.

        """
        self._stack.__exit__(kind, value, trace)

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is None:
            return
        self._writer.release()
        kept = int(cv2.VideoCapture(self._temporary).get(cv2.CAP_PROP_FRAME_COUNT))
        if kind is None and kept < self._written:
            raise MediaError(
                f'video {self._path} holds {max(kept, 0)} of {self._written} frames: '
                'is the disk full?'
            )


def write_picture(
    path: Path, image: NDArray[np.uint8], inputs: frozenset[FileId] = frozenset()
) -> None:
    """Write a picture, its format by its suffix; JPEG into a FIFO or device without one.

    Raises:
        MediaError: the format is unknown.
        OutputError: ``path`` is one of ``inputs``, or cannot be written.

    """
    suffix = path.suffix or ('.jpg' if is_direct(path) else '')
    try:
        done, data = cv2.imencode(suffix, image)
    except cv2.error as error:
        raise MediaError(f'cannot write picture {path}: {error.err}') from error
    if not done:
        raise MediaError(f'cannot write picture {path}: {suffix} cannot hold it')
    write_file(path, data.tobytes(), inputs)
