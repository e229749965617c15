# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The rules by which a camera's images reach the pipeline: their size, order and time."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.stamps import SECOND

RESTART = SECOND  # nanoseconds; a larger step back is a new start, a smaller one a late image
LONGEST_GAP = 3600 * SECOND  # nanoseconds; a larger step forward ends all tracks


class ImageProcessor(Protocol):
    """What an intake needs of a pipeline."""

    def process(self, image: NDArray[np.uint8], stamp: float) -> FrameResult:
        """Return the faces in ``image``, taken at ``stamp`` seconds."""

    def reset(self) -> None:
        """Forget all faces."""


class ImageIntake:
    """Takes one camera's images to a pipeline, in the order of their time."""

    def __init__(self, pipeline: ImageProcessor) -> None:
        """Expect any size and any time."""
        self._pipeline = pipeline
        self._size: tuple[int, ...] | None = None
        self._newest: int | None = None
        self._received = 0

    def process(self, image: NDArray[np.uint8], stamp: int, received: int) -> FrameResult:
        """Read the faces in one image.

        An image of another size than the one before is dropped: a single one is a fault; from the
        second on it is the new size. An image that is older than the one before is late and
        dropped; one that is older by more than a second is a new start (a bag that begins again, a
        clock that was set back), which forgets all faces, as does a step forward of more than an
        hour.

        Args:
            image: u8 [H, W, 3] BGR or [H, W] gray.
            stamp: nanoseconds, when the camera took it; 0 if it does not say.
            received: nanoseconds, when it arrived; its clock may be another one. Without a stamp,
                time goes on as this clock does.

        Raises:
            ImageError: the image is not to be used; ``reason`` says why in a word.

        """
        self._check_size(image)
        return self._pipeline.process(image, self._time(stamp, received) / SECOND)

    def _check_size(self, image: NDArray[np.uint8]) -> None:
        before, self._size = self._size, image.shape[:2]
        if before is not None and before != self._size:
            self._pipeline.reset()
            raise ImageError(
                'size_changed',
                f'image size changed from {before[1]}x{before[0]} to '
                f'{self._size[1]}x{self._size[0]}',
            )

    def _time(self, stamp: int, received: int) -> int:
        if self._newest is not None:
            # A zero now and then must not switch from one clock to the other.
            stamp = stamp or self._newest + received - self._received
            behind = self._newest - stamp
            if 0 < behind <= RESTART:
                raise ImageError(
                    'late', f'image is {behind / 1e6:.1f} ms older than the one before it'
                )
            if behind > 0 or -behind > LONGEST_GAP:
                self._pipeline.reset()
        self._newest, self._received = stamp or received, received
        return self._newest


def drop_reason(error: Exception) -> tuple[str, str]:
    """Return a word to count a dropped image by, and the reason in full."""
    if isinstance(error, ImageError):
        return error.reason, str(error)
    return 'failed', f'{type(error).__name__}: {error}'
