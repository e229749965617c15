# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Results as JSON for the page, with their rate."""

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
        """Count an event at ``now``, seconds; return events per second, None if unknown."""
        self._times.append(now)
        while now - self._times[0] > RATE_TIME:
            self._times.popleft()
        span = now - self._times[0]
        return (len(self._times) - 1) / span if span > 0 else None


def greeting(source: str, latency_of: str) -> str:
    """Return the first message to a browser as JSON.

    Args:
        source: the name of the camera, video or node.
        latency_of: start and end of the measured latency, such as "from ... to ...".

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
    """Return a result as JSON; ``rate``: images per second; ``latency``: seconds."""
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
    """Return the state ``last`` marked as the end of the input."""
    return _json({**json.loads(last), 'ended': True})


def _face(face: Face) -> dict[str, Any]:
    return {**face.as_dict(), 'age': round(face.age, 1)}


def _json(value: Any) -> str:
    return to_json(value, separators=(',', ':'))
