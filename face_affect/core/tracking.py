"""Detections over time to ids: greedy matching of predicted and found boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
import math

from face_affect.core.faces import Box, Detection

# A face moves less than its own size between two looks; twice that in a gap.
MAX_JUMP = 1.0
MAX_GROWTH = 2.0
VELOCITY_GAIN = 0.5


@dataclass
class Track:
    """One face over time; ``velocity`` in pixels a second, times in seconds."""

    id: int
    detection: Detection
    first_seen: float
    last_seen: float
    frames: int = 1
    velocity: tuple[float, float] = field(default=(0.0, 0.0))

    def predicted(self, stamp: float) -> Box:
        """Return where the face should be at ``stamp``."""
        # A prediction far ahead is a guess: go on for a quarter of a second at most.
        ahead = min(stamp - self.last_seen, 0.25)
        return self.detection.box.moved(self.velocity[0] * ahead, self.velocity[1] * ahead)

    def update(self, detection: Detection, stamp: float) -> None:
        """Take in where the face was found."""
        elapsed = stamp - self.last_seen
        if elapsed > 0:
            (x0, y0), (x1, y1) = self.detection.box.centre, detection.box.centre
            measured = ((x1 - x0) / elapsed, (y1 - y0) / elapsed)
            self.velocity = (
                self.velocity[0] + VELOCITY_GAIN * (measured[0] - self.velocity[0]),
                self.velocity[1] + VELOCITY_GAIN * (measured[1] - self.velocity[1]))
        self.detection = detection
        self.last_seen = stamp
        self.frames += 1


def match_cost(predicted: Box, found: Box) -> float:
    """Return how badly ``found`` fits: 0 the same box, infinite not the same face.

    The distance of the centres in face sizes, plus the logarithm of the ratio of sizes.
    """
    size, other = math.sqrt(predicted.area), math.sqrt(found.area)
    distance = math.dist(predicted.centre, found.centre) / max(size, other)
    growth = abs(math.log(other / size))
    if distance > MAX_JUMP or growth > math.log(MAX_GROWTH):
        return math.inf
    return distance + growth


class Tracker:
    """Gives each face an id that no other face gets while the tracker lives."""

    def __init__(self, confirm_frames: int = 1, forget_time: float = 1.5,
                 first_id: int = 1) -> None:
        """Set when a face counts and when it is gone.

        Args:
            confirm_frames: in how many images a face must be found to be reported.
            forget_time: seconds without being found after which a face is gone.
            first_id: the id of the first face, from which the others go on.

        """
        self.confirm_frames = confirm_frames
        self.forget_time = forget_time
        self.next_id = first_id
        self._tracks: list[Track] = []
        self._stamp = -math.inf

    def reset(self) -> None:
        """Forget all faces; ids go on."""
        self._tracks = []
        self._stamp = -math.inf

    def update(self, detections: Sequence[Detection], stamp: float) -> list[Track]:
        """Take in one image's detections; return the confirmed faces found in it.

        ``stamp`` seconds; a step back in time (a bag that starts again) forgets all.
        """
        if stamp < self._stamp:
            self.reset()
        self._stamp = stamp
        self._tracks = [track for track in self._tracks
                        if stamp - track.last_seen <= self.forget_time]
        pairs = self._match(detections, stamp)
        for row, column in pairs:
            self._tracks[row].update(detections[column], stamp)
        seen = [self._tracks[row] for row, _ in sorted(pairs)]
        matched = {column for _, column in pairs}
        unknown = [found for i, found in enumerate(detections) if i not in matched]
        new = [Track(id, found, stamp, stamp) for id, found in enumerate(unknown, self.next_id)]
        self.next_id += len(new)
        self._tracks += new
        return [track for track in seen + new if track.frames >= self.confirm_frames]

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All faces that may still be seen again, confirmed or not."""
        return tuple(self._tracks)

    @property
    def ids(self) -> frozenset[int]:
        """The ids that may still be seen again."""
        return frozenset(track.id for track in self._tracks)

    def _match(self, detections: Sequence[Detection], stamp: float) -> list[tuple[int, int]]:
        boxes = [track.predicted(stamp) for track in self._tracks]
        costs = [(match_cost(box, found.box), row, column)
                 for row, box in enumerate(boxes) for column, found in enumerate(detections)]
        pairs: list[tuple[int, int]] = []
        rows, columns = set[int](), set[int]()
        for cost, row, column in sorted(costs):
            if math.isfinite(cost) and row not in rows and column not in columns:
                pairs.append((row, column))
                rows.add(row)
                columns.add(column)
        return pairs
