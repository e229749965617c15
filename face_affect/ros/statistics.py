# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What becomes of every frame, counted; safe to use from several threads."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import math
import threading
import time

WINDOW = 300  # results that percentiles are taken over
FIRST_INTERVAL = 2.5  # seconds between images, assumed until two have arrived


@dataclass(frozen=True)
class Report:
    """A snapshot: frame counts since the start, seconds by stage (p50, p95).

    ``stamp`` seconds, by a steady clock; ``faces`` in the newest result; ``age``
    seconds from the stamp of the newest processed image to when its turn came; ``exposure``
    says what is wrong with the exposure of that image, '' if nothing; ``faults`` exceptions of
    callbacks; ``silence`` seconds since the newest image arrived, infinite before the first;
    ``interval`` seconds between the two newest images.
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
        """Frames that have arrived, but neither given a result nor been dropped yet."""
        return self.received - self.processed - sum(self.dropped.values())


class Statistics:
    """Every frame received is processed, dropped for a reason, or still under way."""

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
        """Count a frame that arrived."""
        with self._lock:
            now = time.monotonic()
            if self._received:
                self._interval = now - self._arrival
            self._received += 1
            self._arrival = now

    def drop(self, reason: str, error: str = '') -> None:
        """Count a frame that gives no result."""
        with self._lock:
            self._dropped[reason] += 1
            self._last_error = error or self._last_error

    def note_error(self, error: str) -> None:
        """Note an error that belongs to no frame, or with '' that there is none any more."""
        with self._lock:
            self._last_error = error

    def note_fault(self, error: str) -> None:
        """Count and note an exception of a callback."""
        with self._lock:
            self._faults += 1
            self._last_error = error

    def process(
        self, faces: int, stages: Mapping[str, float], age: float, exposure: str = ''
    ) -> None:
        """Count a frame that gave a result; ``age`` and ``stages`` in seconds."""
        with self._lock:
            self._processed += 1
            self._faces = faces
            self._age = age
            self._exposure = exposure
        for stage, elapsed in stages.items():
            self.time(stage, elapsed)

    def time(self, stage: str, elapsed: float) -> None:
        """Note the seconds that a stage took for one frame."""
        with self._lock:
            self._stages.setdefault(stage, deque(maxlen=WINDOW)).append(elapsed)

    def rest(self) -> None:
        """Note that processing has stopped: there are no current faces."""
        with self._lock:
            self._faces = 0

    def report(self) -> Report:
        """Return a snapshot."""
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

    numpy's takes nine milliseconds at its first call, in which images would be lost.
    """
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]
