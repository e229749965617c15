# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Detections over time to ids: where each face is expected, and how people look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import itertools
import math

import numpy as np
from numpy.typing import NDArray

from face_affect.core.appearance import Appearance, difference, extract_appearance, mixed
from face_affect.core.association import best_pairs, clear_pairs, Costs, Gate, Place, without
from face_affect.core.faces import Box, Detection
from face_affect.core.kalman_filter import KalmanFilter, KalmanState
from face_affect.core.settings import TrackingSettings

# What a whole difference in appearance adds to a pair's cost. Pairs that cost less by MARGIN than
# all their rivals need no look at the picture.
APPEARANCE_COST = 15.0
MARGIN = 12.0
# A face that looks like one just lost, within so many of its sizes of where that is expected,
# is the same, however it came there. One who comes in where another left the picture is the
# same only by the looks: the place says nothing, everybody comes in there.
SAME_LOOKS = 0.2
REACH = 4.0
# Seconds between appearance updates of a track.
REFRESH_TIME = 0.2
# Boxes nearer than this share of their sizes hide parts of each other's surroundings.
CLEARANCE = 0.8
# Nothing that is farther off, larger or smaller, in pixels, is a face.
FARTHEST, SMALLEST = 1e6, 1e-2


@dataclass
class Track:
    """One face over time; times in seconds.

    ``described``: when the appearance was last updated with no other person near.
    """

    id: int
    detection: Detection
    first_seen: float
    last_seen: float
    frames: int = 1
    appearance: Appearance | None = None
    described: float = -math.inf
    motion: KalmanFilter = field(init=False)

    def __post_init__(self) -> None:
        """Start where the face was found."""
        self.motion = KalmanFilter.at(self.detection.box)

    def expected(self, stamp: float) -> KalmanState:
        """Return what to expect at ``stamp``."""
        return self.motion.after(stamp - self.last_seen)

    def predicted(self, stamp: float) -> Box:
        """Return where the face should be at ``stamp``."""
        expected, (x, y) = self.expected(stamp), self.detection.box.centre
        return self.detection.box.moved(expected.x - x, expected.y - y)

    def update(self, detection: Detection, stamp: float) -> None:
        """Take in where the face was found."""
        self.motion.update(detection.box, stamp - self.last_seen)
        self.detection = detection
        self.last_seen = stamp
        self.frames += 1

    def look(self, seen: Appearance | None, alone: bool) -> None:
        """Take in how the person looks, and whether ``alone``."""
        if seen is None:
            return
        # An appearance taken with another person near is replaced as a whole.
        known = self.appearance if self.described > -math.inf else None
        self.appearance = mixed(known, seen)
        self.described = self.last_seen if alone else -math.inf


class Tracker:
    """Gives each face an id that no other face gets while the tracker lives.

    Of each face it keeps the box, the motion and a few mean colours (see
    ``appearance``), no picture, for as long as the face may come back. ``settings`` may be
    replaced between two images.

    >>> import numpy as np
    >>> from face_affect.core.faces import Box, Detection
    >>> tracker = Tracker(TrackingSettings(confirm_frames=1), first_id=7)
    >>> image = np.zeros((480, 640, 3), np.uint8)
    >>> found = [Detection(Box(100, 100, 60, 80), score=0.9)]
    >>> [track.id for track in tracker.update(found, 0.0, image)]
    [7]
    >>> [track.id for track in tracker.update(found, 0.1, image)]
    [7]
    """

    def __init__(self, settings: TrackingSettings | None = None, first_id: int = 1) -> None:
        """Start without a face; the first one gets ``first_id``."""
        self.settings = settings or TrackingSettings()
        self.next_id = first_id
        self._tracks: list[Track] = []
        self._stamp = -math.inf

    def reset(self) -> None:
        """Forget all faces; ids go on."""
        self._tracks = []
        self._stamp = -math.inf

    def update(
        self,
        detections: Sequence[Detection],
        stamp: float,
        image: NDArray[np.uint8] | None = None,
    ) -> list[Track]:
        """Take in one image's detections; return the confirmed faces found in it.

        Args:
            detections: the faces found; one without a finite box is left out, and one with a
                score below ``detection_threshold`` only continues a confirmed face (as in
                ByteTrack, Zhang et al. 2022).
            stamp: seconds; a step back in time (a bag that starts again) forgets all.
            image: u8 [H, W, 3] BGR or [H, W] gray, to tell people apart by their looks
                where they come near each other; without it places alone decide.

        Raises:
            ValueError: ``stamp`` is not finite.

        """
        if not math.isfinite(stamp):
            raise ValueError(f'stamp is {stamp}, but must be finite')
        if stamp < self._stamp:
            self.reset()
        detections = [found for found in detections if _is_place(found.box)]
        # Until the next image a track lives in any case: images may be farther apart than
        # forget_time.
        self._tracks = [
            track
            for track in self._tracks
            if track.last_seen >= self._stamp or not self._is_overdue(track, stamp)
        ]
        looks = None if image is None else _Looks(image, detections)
        pairs = [
            (row, column)
            for row, column in self._match(detections, stamp, looks)
            if self._may_start(detections[column]) or self._is_confirmed(self._tracks[row])
        ]
        self._stamp = stamp
        for row, column in pairs:
            self._tracks[row].update(detections[column], stamp)
        found_as = {column: self._tracks[row] for row, column in pairs}
        seen = [self._tracks[row] for row, _ in sorted(pairs)]
        new = []
        for column, found in enumerate(detections):
            if column not in found_as and self._may_start(found):
                found_as[column] = Track(self.next_id, found, stamp, stamp)
                self.next_id += 1
                new.append(found_as[column])
        self._tracks += new
        if looks is not None:
            self._refresh(found_as, looks)
        return [track for track in seen + new if self._is_confirmed(track)]

    def _may_start(self, found: Detection) -> bool:
        return found.score >= self.settings.detection_threshold

    def _is_overdue(self, track: Track, stamp: float) -> bool:
        return stamp - track.last_seen > self.settings.forget_time

    def _is_confirmed(self, track: Track) -> bool:
        return track.frames >= self.settings.confirm_frames

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All faces that may still be seen again, confirmed or not."""
        return tuple(self._tracks)

    @property
    def ids(self) -> frozenset[int]:
        """The ids that may still be seen again."""
        return frozenset(track.id for track in self._tracks)

    def _match(
        self, detections: Sequence[Detection], stamp: float, looks: _Looks | None
    ) -> list[tuple[int, int]]:
        """Return pairs of rows of tracks and of detections."""
        places = [Place.of(found.box) for found in detections]
        gates = [Gate(track.expected(stamp), self.settings.match_iou) for track in self._tracks]
        costs: Costs = {}
        for row, gate in enumerate(gates):
            for column, place in enumerate(places):
                cost = gate.cost(place)
                if cost < math.inf:
                    costs[row, column] = cost
        if looks is None:
            return best_pairs(costs)
        # Where a track has left the image, or has not been seen for long, its place says little.
        doubtful = {
            row
            for row, (track, gate) in enumerate(zip(self._tracks, gates))
            if self._is_overdue(track, stamp)
            or (track.last_seen < self._stamp and looks.is_outside(gate.expected))
        }
        for row, column in [pair for pair in costs if pair[0] in doubtful]:
            if difference(self._tracks[row].appearance, looks.of(column)) > SAME_LOOKS:
                del costs[row, column]
        pairs = clear_pairs(costs, MARGIN)
        pairs += best_pairs(
            {
                (row, column): cost
                + APPEARANCE_COST * difference(self._tracks[row].appearance, looks.of(column))
                for (row, column), cost in without(costs, pairs).items()
            }
        )
        return pairs + self._recognised(pairs, gates, places, looks)

    def _recognised(
        self,
        pairs: Sequence[tuple[int, int]],
        gates: Sequence[Gate],
        places: Sequence[Place],
        looks: _Looks,
    ) -> list[tuple[int, int]]:
        """Return more pairs: of faces just lost, and of new ones that look the same."""
        rows = set(range(len(gates))) - {row for row, _ in pairs}
        columns = set(range(len(places))) - {column for _, column in pairs}
        costs = {
            (row, column): difference(self._tracks[row].appearance, looks.of(column))
            for row, column in itertools.product(rows, columns)
            if gates[row].distance(places[column]) <= REACH
            and gates[row].similar_size(places[column])
        }
        return best_pairs({pair: cost for pair, cost in costs.items() if cost <= SAME_LOOKS})

    def _refresh(self, found_as: Mapping[int, Track], looks: _Looks) -> None:
        """Update the appearance of new faces, and of faces without a near neighbour."""
        due = {
            column: track
            for column, track in found_as.items()
            if self._stamp - track.described >= REFRESH_TIME
        }
        if not due:
            return
        boxes = [(track, track.predicted(self._stamp)) for track in self._tracks]
        for column, track in due.items():
            alone = not any(
                _near(track.detection.box, box) for other, box in boxes if other is not track
            )
            if alone or track.appearance is None:
                track.look(looks.of(column), alone)


class _Looks:
    """How the people found in an image look, worked out when asked for."""

    def __init__(self, image: NDArray[np.uint8], detections: Sequence[Detection]) -> None:
        self._detections = detections
        self._image = image
        self._known: dict[int, Appearance | None] = {}

    def is_outside(self, expected: KalmanState) -> bool:
        """Return whether the middle of a face should be outside the image."""
        height, width = self._image.shape[:2]
        return not (0 <= expected.x <= width and 0 <= expected.y <= height)

    def of(self, column: int) -> Appearance | None:
        """Return the appearance in a detection."""
        if column not in self._known:
            self._known[column] = extract_appearance(self._image, self._detections[column].box)
        return self._known[column]


def _near(one: Box, other: Box) -> bool:
    (x0, y0), (x1, y1) = one.centre, other.centre
    return abs(x1 - x0) < CLEARANCE * (one.width + other.width) and abs(y1 - y0) < CLEARANCE * (
        one.height + other.height
    )


def _is_place(box: Box) -> bool:
    """Return whether ``box`` is finite and has a size; what is compared with NaN is false."""
    return (
        abs(box.x) <= FARTHEST
        and abs(box.y) <= FARTHEST
        and SMALLEST <= box.width <= FARTHEST
        and SMALLEST <= box.height <= FARTHEST
    )
