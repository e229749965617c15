# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A history of results: for how long a face has met a condition."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from face_affect_msgs.msg import FaceAffect, FaceAffectArray

from face_affect.core.stamps import to_seconds


class FaceHistory:
    """The results of at least the last ``memory`` seconds, by the stamps of their images.

    Durations do not depend on how often a behaviour is ticked.
    """

    def __init__(self, memory: float) -> None:
        """Start empty; ``memory``: seconds.

        Raises:
            ValueError: ``memory`` is not positive.

        """
        if not memory > 0:
            raise ValueError(f'memory is {memory} s, but must be positive')
        self.memory = memory
        self._results: deque[FaceAffectArray] = deque()

    @property
    def newest(self) -> FaceAffectArray | None:
        """The newest result; None before the first."""
        return self._results[-1] if self._results else None

    def add(self, result: FaceAffectArray) -> None:
        """Append a result; if its stamp is earlier (a restarted bag), clear the history first."""
        stamp = to_seconds(result.header.stamp)
        if self._results and stamp < to_seconds(self._results[-1].header.stamp):
            self._results.clear()
        self._results.append(result)
        while (
            len(self._results) > 1
            and stamp - to_seconds(self._results[1].header.stamp) >= self.memory
        ):
            self._results.popleft()

    def shown_for(self, face_id: int, shows: Callable[[FaceAffect], bool]) -> float | None:
        """Return for how long a face has met a condition continuously.

        Args:
            face_id: id of the face.
            shows: returns whether a face meets the condition in its image.

        Returns:
            seconds from the first to the newest of the latest consecutive results in which the
            face meets it; None if it does not in the newest result.

        """
        first = None
        for result in reversed(self._results):
            if not any(face.id == face_id and shows(face) for face in result.faces):
                break
            first = result
        if first is None:
            return None
        return to_seconds(self._results[-1].header.stamp) - to_seconds(first.header.stamp)
