# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Count received, processed and dropped frames, and measure latencies."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import math
import threading
import time

WINDOW = 300  # latest results, over which percentiles are computed
FIRST_INTERVAL = 2.5  # seconds between images, assumed until two have arrived


@dataclass(frozen=True)
class Report:
    """A snapshot of the statistics; counts are since the start.

    ``stamp``: seconds of a steady clock; ``faces``: in the newest result; ``age``: seconds from
    the stamp of the newest processed image to the start of its processing; ``stages``: p50 and
    p95 of each stage, seconds; ``exposure``: the exposure fault of the newest processed image,
    '' if none; ``faults``: exceptions of callbacks; ``silence``: seconds since the newest image
    arrived, infinite before the first; ``interval``: seconds between the two newest images.
    """

    stamp: float
    received: int
    processed: int
    dropped: Mapping[str, int]
    faces: int
    age: float
    stages: Mapping[str, tuple[float, float]]
    last_error: str
    exposure: str = ''
    faults: int = 0
    silence: float = math.inf
    interval: float = FIRST_INTERVAL

    @property
    def under_way(self) -> int:
        """The number of received frames that are neither processed nor dropped yet."""
        return self.received - self.processed - sum(self.dropped.values())


class Statistics:
    """Counters of frames. Thread-safe.

    Every received frame is processed, dropped for a reason, or still under way.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._received = 0
        self._processed = 0
        self._dropped: Counter[str] = Counter()
        self._faces = 0
        self._age = 0.0
        self._stages: dict[str, deque[float]] = {}
        self._last_error = ''
        self._exposure = ''
        self._faults = 0
        self._arrival = -math.inf
        self._interval = FIRST_INTERVAL

    def receive(self) -> None:
        """Count a received frame."""
        with self._lock:
            now = time.monotonic()
            if self._received:
                self._interval = now - self._arrival
            self._received += 1
            self._arrival = now

    def drop(self, reason: str, error: str = '') -> None:
        """Count a frame that gives no result; ``reason`` is a keyword, ``error`` a sentence."""
        with self._lock:
            self._dropped[reason] += 1
            self._last_error = error or self._last_error

    def note_error(self, error: str) -> None:
        """Set the last error, one that belongs to no frame; '' clears it."""
        with self._lock:
            self._last_error = error

    def note_fault(self, error: str) -> None:
        """Count an exception of a callback, and set it as the last error."""
        with self._lock:
            self._faults += 1
            self._last_error = error

    def process(
        self, faces: int, stages: Mapping[str, float], age: float, exposure: str = ''
    ) -> None:
        """Count a processed frame; ``age`` and ``stages``: seconds; see ``Report``."""
        with self._lock:
            self._processed += 1
            self._faces = faces
            self._age = age
            self._exposure = exposure
        for stage, elapsed in stages.items():
            self.time(stage, elapsed)

    def time(self, stage: str, elapsed: float) -> None:
        """Add the latency of a stage for one frame, seconds."""
        with self._lock:
            self._stages.setdefault(stage, deque(maxlen=WINDOW)).append(elapsed)

    def rest(self) -> None:
        """Note that processing has stopped: no faces are visible."""
        with self._lock:
            self._faces = 0

    def report(self) -> Report:
        """Return a snapshot of the statistics."""
        with self._lock:
            times = {stage: list(window) for stage, window in self._stages.items()}
            now = time.monotonic()
            report = Report(
                now,
                self._received,
                self._processed,
                dict(self._dropped),
                self._faces,
                self._age,
                {},
                self._last_error,
                self._exposure,
                self._faults,
                now - self._arrival,
                self._interval,
            )
        for window in times.values():
            window.sort()
        return replace(
            report,
            stages={
                stage: (percentile(window, 50), percentile(window, 95))
                for stage, window in times.items()
            },
        )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the percentile, by nearest rank, of values in ascending order.

    The first call of numpy.percentile takes 9 ms, during which images would be dropped.
    """
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]
