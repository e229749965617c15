# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What every source of images yields, and how a pipeline reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.intake import drop_reason, ImageIntake, ImageProcessor
from face_affect.core.text import printable


@dataclass(frozen=True)
class Picture:
    """An image as its source has it, decoded only where it is used.

    ``stamp`` nanoseconds, when it was taken, 0 if the source does not say; ``received``
    nanoseconds, when it was recorded or arrived; ``decode`` returns it as u8 [H, W, 3] BGR or
    [H, W] gray, or raises ImageError; ``frame_id`` the camera's frame, ``name`` that of its file.
    """

    stamp: int
    received: int
    decode: Callable[[], NDArray[np.uint8]]
    frame_id: str = ''
    name: str = ''

    @property
    def time(self) -> int:
        """The stamp, or where there is none the time of arrival, nanoseconds."""
        return self.stamp or self.received

    @classmethod
    def broken(cls, error: ImageError, stamp: int, name: str = '') -> Picture:
        """Return what stands for an image that does not decode for the reason ``error``."""

        def decode() -> NDArray[np.uint8]:
            raise error

        return cls(stamp, stamp, decode, name=name)


@dataclass(frozen=True)
class ProcessedPicture:
    """A picture, its image and the faces in it."""

    picture: Picture
    image: NDArray[np.uint8]
    result: FrameResult


class PictureReader:
    """Reads the faces in pictures; counts those that give no result, by the node's reasons.

    ``count`` pictures so far, of which ``dropped`` gave no result; ``errors`` has the first
    error of each reason, ``last_error`` the newest.
    """

    def __init__(self, pipeline: ImageProcessor, moving: bool = True) -> None:
        """Read with ``pipeline``; unless ``moving``, each picture stands for itself."""
        self._pipeline = pipeline
        self._moving = moving
        self._intake = ImageIntake(pipeline)
        self.count = 0
        self.dropped: Counter[str] = Counter()
        self.errors: dict[str, str] = {}
        self.last_error = ''

    @property
    def results(self) -> int:
        """The number of pictures that gave a result."""
        return self.count - self.dropped.total()

    def read(self, picture: Picture) -> ProcessedPicture | None:
        """Return what a picture shows; None if it was dropped."""
        self.count += 1
        try:
            image = picture.decode()
            if not self._moving:
                self._pipeline.reset()
                self._intake = ImageIntake(self._pipeline)
            result = self._intake.process(image, picture.stamp, picture.received)
        # Whatever goes wrong with one picture, the next one deserves its chance.
        except Exception as error:
            reason, text = drop_reason(error)
            self.dropped[reason] += 1
            self.last_error = printable(text)
            self.errors.setdefault(reason, self.last_error)
            return None
        return ProcessedPicture(picture, image, result)
