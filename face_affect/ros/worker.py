# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The thread that turns image messages into results."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Header

from face_affect.core.bit_depth import BitDepth
from face_affect.core.faces import FrameResult
from face_affect.core.images import exposure_fault
from face_affect.core.intake import drop_reason, ImageIntake
from face_affect.core.pipeline import Pipeline
from face_affect.core.stamps import to_nanoseconds
from face_affect.ros.cdr import ImageKind, read_message
from face_affect.ros.conversions import decode
from face_affect.ros.mailbox import Mailbox
from face_affect.ros.parameters import InputParameters
from face_affect.ros.rate_limiter import RateLimiter
from face_affect.ros.statistics import Statistics


class Overdue(Exception):
    """The image is older than parameter ``max_age``."""


Publish = Callable[[FrameResult, Header, float], None]
Show = Callable[[NDArray[np.uint8], FrameResult, Header], bool]


class Worker:
    """Processes the newest image; the one before it is dropped if it still waits."""

    def __init__(
        self,
        pipeline: Pipeline,
        statistics: Statistics,
        kind: ImageKind,
        publish: Publish,
        show: Show,
        now: Callable[[], float],
        on_drop: Callable[[str, str], None],
        limits: InputParameters,
    ) -> None:
        """Start the thread.

        Args:
            pipeline: what reads the faces.
            statistics: counts what becomes of every image.
            kind: the type of the image messages.
            publish: called with result, header and the seconds spent on it.
            show: called with image, result and header after that; tells whether it drew.
            now: the time in seconds, for images whose stamp is zero.
            on_drop: called with the reason (a word) and the error, not for images that are
                left out on purpose.
            limits: which images are processed; ``limits`` may be replaced at any time.

        """
        self._statistics = statistics
        self._kind = kind
        self._publish = publish
        self._show = show
        self._now = now
        self._on_drop = on_drop
        self.limits = limits
        self._rate = RateLimiter()
        self._mailbox: Mailbox[bytes] = Mailbox()
        self._intake = ImageIntake(pipeline)
        self._bit_depth = BitDepth()
        self._thread = threading.Thread(target=self._run, name='face_affect_worker', daemon=True)
        self._thread.start()

    def put(self, data: bytes) -> None:
        """Hand over the newest image, still serialised: one that is overtaken costs nothing."""
        self._statistics.receive()
        if not self._rate.passes(self.limits.max_rate):
            self._statistics.drop('over_rate')
            return
        if self._mailbox.put(data):
            self._statistics.drop('overrun')

    def stop(self) -> None:
        """End the thread, after the image in work."""
        if self._mailbox.close():
            self._statistics.drop('stopped')
        self._thread.join()
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
            # Whatever goes wrong with one image, the next one deserves its chance.
            except Exception as error:
                self._drop(*drop_reason(error))
            else:
                self._draw(image, result, header)

    def _drop(self, reason: str, error: str) -> None:
        self._statistics.drop(reason, error)
        self._on_drop(reason, error)

    def _process(self, data: bytes) -> tuple[NDArray[np.uint8], FrameResult, Header]:
        start = time.perf_counter()
        message = read_message(data, self._kind)
        stamp, now = to_nanoseconds(message.header.stamp), round(self._now() * 1e9)
        age = (now - stamp) * 1e-9 if stamp else 0.0
        if 0 < self.limits.max_age < age:
            raise Overdue
        image = decode(message, self.limits.max_image_pixels, self._bit_depth)
        decoded = time.perf_counter()
        result = self._intake.process(image, stamp, now)
        published = time.perf_counter()
        self._publish(result, message.header, published - start)
        end = time.perf_counter()
        stages = {
            'decode': decoded - start,
            **result.timings,
            'publish': end - published,
            'total': end - start,
        }
        self._statistics.process(len(result.faces), stages, age, exposure_fault(image))
        return image, result, message.header

    def _draw(self, image: NDArray[np.uint8], result: FrameResult, header: Header) -> None:
        """Show a result that was published already: what fails here costs no result."""
        start = time.perf_counter()
        try:
            if self._show(image, result, header):
                self._statistics.time('debug image', time.perf_counter() - start)
        except Exception as error:
            reason = f'{type(error).__name__}: {error}'
            self._statistics.note_error(f'debug image: {reason}')
            self._on_drop('debug image', reason)
