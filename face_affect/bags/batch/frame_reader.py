# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Image messages to results, as in the node, but every one of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face_affect.bags.batch.job import Options
from face_affect.bags.recordings.bag_reader import Recording, TimedMessage, Topic
from face_affect.bags.recordings.message_types import decode
from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.intake import drop_reason, ImageIntake
from face_affect.core.pipeline import Pipeline
from face_affect.core.stamps import to_nanoseconds
from face_affect.core.text import printable


@dataclass(frozen=True)
class ProcessedFrame:
    """An image and what was read in it; ``stamp`` nanoseconds and ``frame_id`` are its own."""

    image: NDArray[np.uint8]
    result: FrameResult
    stamp: int
    frame_id: str


class FrameReader:
    """Takes image messages through a pipeline; counts those that give no result, as the node."""

    def __init__(self, recording: Recording, topic: Topic, options: Options) -> None:
        """Load the models.

        Raises:
            ModelError: a model is missing or of no use.

        """
        self._recording = recording
        self._kind = topic.type
        self._intake = ImageIntake(Pipeline(options.settings, options.models))
        self.frames = 0
        self.dropped: Counter[str] = Counter()
        self.errors: dict[str, str] = {}

    def read(self, message: TimedMessage) -> ProcessedFrame | None:
        """Return what an image shows; None if it was dropped."""
        self.frames += 1
        try:
            return self._read(message)
        # Whatever goes wrong with one image, the next one deserves its chance.
        except Exception as error:
            reason, text = drop_reason(error)
            self.dropped[reason] += 1
            self.errors.setdefault(reason, printable(text))
        return None

    def _read(self, message: TimedMessage) -> ProcessedFrame:
        try:
            parsed = self._recording.parse(message)
        except ValueError as error:
            raise ImageError('malformed', str(error)) from error
        image = decode(parsed, self._kind)
        stamp = to_nanoseconds(parsed.header.stamp)
        result = self._intake.process(image, stamp, message.stamp)
        return ProcessedFrame(image, result, stamp, parsed.header.frame_id)
