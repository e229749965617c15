# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Undecoded images of any source, and their processing by a pipeline."""

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
    """An image of a source, decoded on demand.

    ``stamp`` time of capture in nanoseconds, 0 if unknown; ``received`` time of recording or
    arrival in nanoseconds; ``decode`` returns the image as u8 [H, W, 3] BGR or [H, W] gray, or
    raises ImageError; ``frame_id`` of the camera; ``name`` of its file; ``reduction`` divisor of
    width and height in ``decode``, see ``reduction_of``.
    """

    stamp: int
    received: int
    decode: Callable[[], NDArray[np.uint8]]
    frame_id: str = ''
    name: str = ''
    reduction: int = 1

    @property
    def time(self) -> int:
        """The stamp, or without one the time of arrival, nanoseconds."""
        return self.stamp or self.received

    @classmethod
    def broken(cls, error: ImageError, stamp: int, name: str = '') -> Picture:
        """Return a placeholder whose ``decode`` raises ``error``."""

        def decode() -> NDArray[np.uint8]:
            raise error

        return cls(stamp, stamp, decode, name=name)


@dataclass(frozen=True)
class ProcessedPicture:
    """A picture, its decoded image and the faces in it."""

    picture: Picture
    image: NDArray[np.uint8]
    result: FrameResult


class PictureReader:
    """Processes pictures and counts dropped ones by the node's drop reasons.

    ``count``: pictures so far; ``dropped``: number of dropped ones by reason; ``errors``: first
    message of each reason; ``last_error``: the latest message, '' without one.
    """

    def __init__(self, pipeline: ImageProcessor, moving: bool = True) -> None:
        """Process with ``pipeline``; unless ``moving``, each picture is independent."""
        self._pipeline = pipeline
        self._moving = moving
        self._intake = ImageIntake(pipeline)
        self.count = 0
        self.dropped: Counter[str] = Counter()
        self.errors: dict[str, str] = {}
        self.last_error = ''

    @property
    def results(self) -> int:
        """The number of pictures that were processed without error."""
        return self.count - self.dropped.total()

    def read(self, picture: Picture) -> ProcessedPicture | None:
        """Decode and process a picture; return None if it was dropped."""
        self.count += 1
        try:
            image = picture.decode()
            if not self._moving:
                self._pipeline.reset()
                self._intake = ImageIntake(self._pipeline)
            result = self._intake.process(
                image, picture.stamp, picture.received, picture.reduction
            )
        # One bad picture must not end the processing of a recording.
        except Exception as error:
            reason, text = drop_reason(error)
            self.dropped[reason] += 1
            self.last_error = printable(text)
            self.errors.setdefault(reason, self.last_error)
            return None
        return ProcessedPicture(picture, image, result)
