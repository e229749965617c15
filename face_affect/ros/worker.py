"""The thread that turns image messages into results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading
import time
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.pipeline import Pipeline
from face_affect.ros.conversions import decode, seconds
from face_affect.ros.mailbox import Mailbox
from face_affect.ros.rate import RateLimit
from face_affect.ros.statistics import Statistics


@dataclass(frozen=True)
class Limits:
    """Which images are processed: so many a second, so many seconds old at most; 0: all."""

    max_rate: float = 0.0
    max_age: float = 0.0


ImageMessage = Union[Image, CompressedImage]
Publish = Callable[[FrameResult, NDArray[np.uint8], Header, float], None]


class Worker:
    """Processes the newest image; the one before it is dropped if it still waits."""

    def __init__(self, pipeline: Pipeline, statistics: Statistics, publish: Publish,
                 now: Callable[[], float], on_drop: Callable[[str, str], None],
                 limits: Limits) -> None:
        """Start the thread.

        Args:
            pipeline: what reads the faces.
            statistics: counts what becomes of every image.
            publish: called with result, image, header and the seconds spent on it.
            now: the time in seconds, for images whose stamp is zero.
            on_drop: called with the reason (a word) and the error, not for images that are
                left out on purpose.
            limits: which images are processed; ``limits`` may be replaced at any time.

        """
        self._pipeline = pipeline
        self._statistics = statistics
        self._publish = publish
        self._now = now
        self._on_drop = on_drop
        self.limits = limits
        self._rate = RateLimit()
        self._mailbox: Mailbox[ImageMessage] = Mailbox()
        self._shape: Optional[tuple[int, ...]] = None
        self._thread = threading.Thread(target=self._run, name='face_affect_worker', daemon=True)
        self._thread.start()

    def put(self, message: ImageMessage) -> None:
        """Hand over the newest image."""
        self._statistics.receive()
        if not self._rate.passes(self.limits.max_rate):
            self._statistics.drop('over_rate')
            return
        if self._mailbox.put(message):
            self._statistics.drop('overrun')

    def stop(self) -> None:
        """End the thread, after the image in work."""
        if self._mailbox.close():
            self._statistics.drop('stopped')
        self._thread.join()

    def _run(self) -> None:
        while True:
            message = self._mailbox.take()
            if message is None:
                return
            try:
                self._process(message)
            except ImageError as error:
                self._drop(error.reason, str(error))
            # Whatever goes wrong with one image, the next one deserves its chance.
            except Exception as error:
                self._drop('failed', f'{type(error).__name__}: {error}')

    def _drop(self, reason: str, error: str) -> None:
        self._statistics.drop(reason, error)
        self._on_drop(reason, error)

    def _process(self, message: ImageMessage) -> None:
        start = time.perf_counter()
        # A camera without a clock stamps zero: time must go on all the same.
        stamp = seconds(message.header)
        age = self._now() - stamp if stamp else 0.0
        if 0 < self.limits.max_age < age:
            self._statistics.drop('too_old')
            return
        image = decode(message)
        decoded = time.perf_counter()
        self._check_size(image)
        result = self._pipeline.process(image, stamp or self._now())
        self._publish(result, image, message.header, time.perf_counter() - start)
        stages = {'decode': decoded - start, **result.timings,
                  'total': time.perf_counter() - start}
        self._statistics.process(len(result.faces), stages, age)

    def _check_size(self, image: NDArray[np.uint8]) -> None:
        """Believe a new size only when it comes twice: a single odd image is a fault."""
        shape, self._shape = self._shape, image.shape[:2]
        if shape is not None and shape != self._shape:
            self._pipeline.reset()
            raise ImageError('size_changed', f'image size changed from {shape[1]}x{shape[0]} to '
                             f'{self._shape[1]}x{self._shape[0]}')
