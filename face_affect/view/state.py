# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What the page is told: results as JSON, with the rate at which they come."""

from __future__ import annotations

from collections import deque
import json
from typing import Any

from face_affect.core.annotation import COLOURS
from face_affect.core.faces import EMOTIONS, Face, FrameResult, GENDERS
from face_affect.core.strict_json import to_json

RATE_TIME = 3.0  # seconds over which the rate is averaged


class RateMeter:
    """The rate of events over the last seconds."""

    def __init__(self) -> None:
        """Start without events."""
        self._times: deque[float] = deque()

    def note(self, now: float) -> float | None:
        """Count an event at ``now``, seconds; return events a second, None for the first."""
        self._times.append(now)
        while now - self._times[0] > RATE_TIME:
            self._times.popleft()
        span = now - self._times[0]
        return (len(self._times) - 1) / span if span > 0 else None


def greeting(source: str, latency_of: str) -> str:
    """Return what a browser is told first, as JSON.

    Args:
        source: the name of the camera, clip or node.
        latency_of: what the latency is measured from and to.

    """
    return _json(
        {
            'source': source,
            'latency_of': latency_of,
            'emotions': EMOTIONS,
            'genders': GENDERS,
            'colours': {
                label: f'#{red:02x}{green:02x}{blue:02x}'
                for label, (blue, green, red) in COLOURS.items()
            },
        }
    )


def state(result: FrameResult, rate: float | None, latency: float | None) -> str:
    """Return a result as JSON; ``rate`` in frames a second, ``latency`` in seconds."""
    return _json(
        {
            'ended': False,
            'stamp': round(result.stamp, 6),
            'width': result.width,
            'height': result.height,
            'rate': None if rate is None else round(rate, 1),
            'latency_ms': None if latency is None else round(latency * 1e3, 1),
            'faces': [_face(face) for face in result.faces],
        }
    )


def ended(last: str) -> str:
    """Return the last state as that of an input that has ended."""
    return _json({**json.loads(last), 'ended': True})


def _face(face: Face) -> dict[str, Any]:
    return {**face.as_dict(), 'age': round(face.age, 1)}


def _json(value: Any) -> str:
    return to_json(value, separators=(',', ':'))
