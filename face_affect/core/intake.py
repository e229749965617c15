# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Validation of image sequences: constant size, ascending time, restarts."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.stamps import SECOND

RESTART = SECOND  # nanoseconds; a larger step back is a restart, a smaller one a late image
LONGEST_GAP = 3600 * SECOND  # nanoseconds; a larger step forward resets the pipeline


class ImageProcessor(Protocol):
    """The interface of a pipeline that processes a camera's images."""

    @property
    def needed_side(self) -> float:
        """Longer side in pixels above which the resolution of an image does not matter."""

    def process(self, image: NDArray[np.uint8], stamp: float, reduction: int = 1) -> FrameResult:
        """Return the faces in ``image``, captured at ``stamp`` seconds; see Pipeline.process."""

    def reset(self) -> None:
        """Discard all tracks."""


class ImageIntake:
    """Passes the images of one camera to a pipeline in ascending order of time."""

    def __init__(self, pipeline: ImageProcessor) -> None:
        """Accept any size and time for the first image."""
        self._pipeline = pipeline
        self._size: tuple[int, int] | None = None
        self._newest: int | None = None
        self._received = 0

    def process(
        self, image: NDArray[np.uint8], stamp: int, received: int, reduction: int = 1
    ) -> FrameResult:
        """Return the faces in one image.

        The first image of a new size is dropped, since a single one is a fault; further ones of
        that size are accepted. An image older than the previous one is late and dropped. A step
        back of more than RESTART is a restart (a bag that is played again, a clock that was set
        back), which resets the pipeline, as does a step forward of more than LONGEST_GAP.

        Args:
            image: u8 [H, W, 3] BGR or [H, W] gray.
            stamp: time of capture in nanoseconds; 0 if unknown.
            received: time of arrival in nanoseconds, of any clock. Images without a stamp
                advance by the differences of this clock.
            reduction: that of ``image``, see ``reduction_of``; sizes are compared at full size.

        Raises:
            ImageError: the image is dropped ('size_changed', 'late').

        """
        self._check_size((image.shape[0] * reduction, image.shape[1] * reduction))
        return self._pipeline.process(image, self._time(stamp, received) / SECOND, reduction)

    def _check_size(self, size: tuple[int, int]) -> None:
        before, self._size = self._size, size
        if before is not None and before != self._size:
            self._pipeline.reset()
            raise ImageError(
                'size_changed',
                f'image size changed from {before[1]}x{before[0]} to {size[1]}x{size[0]}',
            )

    def _time(self, stamp: int, received: int) -> int:
        if self._newest is not None:
            # A single zero stamp must not switch to the other clock.
            stamp = stamp or self._newest + received - self._received
            behind = self._newest - stamp
            if 0 < behind <= RESTART:
                raise ImageError(
                    'late', f'image is {behind / 1e6:.1f} ms older than the previous one'
                )
            if behind > 0 or -behind > LONGEST_GAP:
                self._pipeline.reset()
        self._newest, self._received = stamp or received, received
        return self._newest


def drop_reason(error: Exception) -> tuple[str, str]:
    """Return the drop reason of an image, which is the key of its counter, and the message."""
    if isinstance(error, ImageError):
        return error.reason, str(error)
    return 'failed', f'{type(error).__name__}: {error}'
