# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The worker thread: process image messages to results."""

from __future__ import annotations

import threading
import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from face_affect.core.bit_depth import BitDepth
from face_affect.core.faces import FrameResult
from face_affect.core.images import exposure_fault
from face_affect.core.intake import drop_reason, ImageIntake, ImageProcessor
from face_affect.core.reduction import reduction_of
from face_affect.core.stamps import to_nanoseconds
from face_affect.ros.cdr import ImageKind, read_message
from face_affect.ros.conversions import decode
from face_affect.ros.mailbox import Mailbox
from face_affect.ros.parameters import InputParameters
from face_affect.ros.rate_limiter import RateLimiter
from face_affect.ros.statistics import Statistics

THREAD_NAME = 'face_affect_worker'
STOP_TIME = 2.0  # seconds for the current image when the worker is stopped


class Overdue(Exception):
    """The image is older than parameter ``max_age``."""


class GivenUp(Exception):
    """The worker was given up while it processed the image, which is already counted."""


class Sink(Protocol):
    """The consumer of a worker's results; called on the worker's thread."""

    def now(self) -> int:
        """Return the time in nanoseconds, for images whose stamp is zero."""

    def publish(self, result: FrameResult, header: Header, elapsed: float) -> None:
        """Publish a result that took ``elapsed`` seconds."""

    def show(self, image: NDArray[np.uint8], result: FrameResult, header: Header) -> bool:
        """Publish images of a published result; return whether there was any to publish."""

    def note_drop(self, reason: str, error: str) -> None:
        """Note a drop caused by a fault; not called for overrun, over_rate and too_old."""


class Worker:
    """A thread that processes the newest image; a waiting older one is dropped (overrun)."""

    def __init__(
        self,
        pipeline: ImageProcessor,
        statistics: Statistics,
        kind: ImageKind,
        sink: Sink,
        limits: InputParameters,
    ) -> None:
        """Start the thread.

        Args:
            pipeline: processes an image to a result.
            statistics: counts every image.
            kind: the type of the image messages.
            sink: consumes results.
            limits: of rate, age and size; the attribute may be replaced at any time.

        """
        self._pipeline = pipeline
        self._statistics = statistics
        self._kind = kind
        self._sink = sink
        self.limits = limits
        self._rate = RateLimiter()
        self._mailbox: Mailbox[bytes] = Mailbox()
        self._intake = ImageIntake(pipeline)
        self._bit_depth = BitDepth()
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread runs; after ``stop``, whether it was given up."""
        return self._thread.is_alive()

    def put(self, data: bytes) -> None:
        """Pass the newest image, serialised, to the thread; count a replaced one as overrun."""
        self._statistics.receive()
        if not self._rate.passes(self.limits.max_rate):
            self._statistics.drop('over_rate')
            return
        if self._mailbox.put(data):
            self._statistics.drop('overrun')

    def stop(self, timeout: float = STOP_TIME) -> None:
        """End the thread after the current image, or give it up after ``timeout`` seconds.

        A thread that was given up publishes and counts nothing any more.
        """
        if self._mailbox.close():
            self._statistics.drop('stopped')
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._given_up.set()
            self._drop('given_up', f'one image takes more than {timeout:g} s: no result')
        self._statistics.rest()

    def _run(self) -> None:
        while True:
            data = self._mailbox.take()
            if data is None:
                return
            try:
                image, result, header = self._process(data)
            except Overdue:
                self._statistics.drop('too_old')
            except GivenUp:
                return
            # Any error drops this image only.
            except Exception as error:
                if not self._given_up.is_set():
                    self._drop(*drop_reason(error))
            else:
                self._draw(image, result, header)

    def _drop(self, reason: str, error: str) -> None:
        self._statistics.drop(reason, error)
        self._sink.note_drop(reason, error)

    def _process(self, data: bytes) -> tuple[NDArray[np.uint8], FrameResult, Header]:
        start = time.perf_counter()
        message = read_message(data, self._kind)
        stamp, now = to_nanoseconds(message.header.stamp), self._sink.now()
        age = (now - stamp) * 1e-9 if stamp else 0.0
        if 0 < self.limits.max_age < age:
            raise Overdue
        reduction = reduction_of(message, self._pipeline.needed_side)
        image = decode(message, self.limits.max_image_pixels, self._bit_depth, reduction)
        decoded = time.perf_counter()
        result = self._intake.process(image, stamp, now, reduction)
        published = time.perf_counter()
        self._check_given_up()
        self._sink.publish(result, message.header, published - start)
        end = time.perf_counter()
        self._check_given_up()
        stages = {
            'decode': decoded - start,
            **result.timings,
            'publish': end - published,
            'total': end - start,
        }
        self._statistics.process(len(result.faces), stages, age, exposure_fault(image))
        return image, result, message.header

    def _check_given_up(self) -> None:
        if self._given_up.is_set():
            raise GivenUp

    def _draw(self, image: NDArray[np.uint8], result: FrameResult, header: Header) -> None:
        """Publish images of a result; an error here does not affect the published result."""
        start = time.perf_counter()
        try:
            if self._sink.show(image, result, header):
                self._statistics.time('debug image', time.perf_counter() - start)
        except Exception as error:
            reason = f'{type(error).__name__}: {error}'
            self._statistics.note_error(f'debug image: {reason}')
            self._sink.note_drop('debug image', reason)
