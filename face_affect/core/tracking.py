# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Tracking of faces by motion and appearance, with persistent ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import itertools
import math

import numpy as np
from numpy.typing import NDArray

from face_affect.core.appearance import Appearance, difference, extract_appearance, mixed
from face_affect.core.association import best_pairs, clear_pairs, Costs, Gate, Measurement, without
from face_affect.core.camera_motion import CameraMotion
from face_affect.core.faces import Box, Detection
from face_affect.core.kalman_filter import KalmanFilter, KalmanState
from face_affect.core.settings import TrackingSettings

# Cost added per unit of appearance difference. Pairs that are cheaper by MARGIN than all
# alternatives are matched without comparing appearances.
APPEARANCE_COST = 15.0
MARGIN = 12.0
# A lost track is re-identified by an appearance difference of at most SAME_APPEARANCE within
# REACH face sizes of its prediction. After a track has left the image, only appearance counts:
# everyone enters at the same image border.
SAME_APPEARANCE = 0.2
REACH = 4.0
# Seconds between appearance updates of a track.
REFRESH_TIME = 0.2
# Boxes closer than this fraction of the sum of their sides occlude each other's surroundings.
CLEARANCE = 0.8
# Limits in pixels of plausible positions and sides of boxes
FARTHEST, SMALLEST = 1e6, 1e-2


@dataclass
class Track:
    """One tracked face; times are in seconds.

    ``frames``: number of detections; ``described``: time of the last appearance update without
    another face near.
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
        """Initialise the motion at the first detection."""
        self.motion = KalmanFilter.at(self.detection.box)

    def expected(self, stamp: float) -> KalmanState:
        """Return the predicted motion state at ``stamp``."""
        return self.motion.after(stamp - self.last_seen)

    def predicted(self, stamp: float) -> Box:
        """Return the predicted box at ``stamp``, with the size of the last detection."""
        expected, (x, y) = self.expected(stamp), self.detection.box.centre
        return self.detection.box.moved(expected.x - x, expected.y - y)

    def update(self, detection: Detection, stamp: float) -> None:
        """Add a detection at ``stamp``."""
        self.motion.update(detection.box, stamp - self.last_seen)
        self.detection = detection
        self.last_seen = stamp
        self.frames += 1

    def update_appearance(self, appearance: Appearance | None, alone: bool) -> None:
        """Add an appearance descriptor; ``alone`` if no other face is near."""
        if appearance is None:
            return
        # A descriptor computed with another face near is replaced, not averaged.
        known = self.appearance if self.described > -math.inf else None
        self.appearance = mixed(known, appearance)
        self.described = self.last_seen if alone else -math.inf


class Tracker:
    """Assigns each face an id that is unique for the lifetime of the tracker.

    A track stores box, motion and mean colours (see ``appearance``) until it ends. Of images, the
    tracker stores the previous one at 80x60 grey pixels, while there is a track.
    ``settings`` may be replaced between two images.

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
        """Start without tracks; the first one gets ``first_id``."""
        self.settings = settings or TrackingSettings()
        self.next_id = first_id
        self._tracks: list[Track] = []
        self._camera = CameraMotion()
        self._stamp = -math.inf

    def reset(self) -> None:
        """Discard all tracks; ids are not reused."""
        self._tracks = []
        self._camera = CameraMotion()
        self._stamp = -math.inf

    def update(
        self,
        detections: Sequence[Detection],
        stamp: float,
        image: NDArray[np.uint8] | None = None,
        reduction: int = 1,
    ) -> list[Track]:
        """Associate the detections of one image; return the confirmed tracks among them.

        Args:
            detections: those with an implausible box are ignored; those with a score below
                ``detection_threshold`` only continue confirmed tracks (as in ByteTrack, Zhang et
                al. 2022).
            stamp: seconds; a step back in time (a bag that is played again) discards all tracks.
            image: u8 [H, W, 3] BGR or [H, W] gray, for appearances and the motion of the camera;
                without it, only position and size are compared.
            reduction: that of ``image``, see ``reduction_of``; detections are at full size.

        Raises:
            ValueError: ``stamp`` is not finite.

        """
        if not math.isfinite(stamp):
            raise ValueError(f'stamp is {stamp}, but must be finite')
        if stamp < self._stamp:
            self.reset()
        detections = [found for found in detections if _is_plausible(found.box)]
        # A track survives at least until the next image, since images may be farther apart than
        # forget_time.
        self._tracks = [
            track
            for track in self._tracks
            if track.last_seen >= self._stamp or not self._is_overdue(track, stamp)
        ]
        if image is not None and (self._tracks or detections):
            self._follow_camera(image, reduction)
        else:
            self._camera = CameraMotion()
        appearances = None if image is None else _Appearances(image, detections, reduction)
        pairs = [
            (row, column)
            for row, column in self._match(detections, stamp, appearances)
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
        if appearances is not None:
            self._refresh(found_as, appearances)
        return [track for track in seen + new if self._is_confirmed(track)]

    def _follow_camera(self, image: NDArray[np.uint8], reduction: int) -> None:
        """Move the predicted positions of all tracks with ``image``."""
        x, y = self._camera.shift(image)
        for track in self._tracks:
            track.motion.shift(x * reduction, y * reduction)

    def _may_start(self, found: Detection) -> bool:
        return found.score >= self.settings.detection_threshold

    def _is_overdue(self, track: Track, stamp: float) -> bool:
        return stamp - track.last_seen > self.settings.forget_time

    def _is_confirmed(self, track: Track) -> bool:
        return track.frames >= self.settings.confirm_frames

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks that have not ended, confirmed or not."""
        return tuple(self._tracks)

    @property
    def ids(self) -> frozenset[int]:
        """The ids of all tracks that have not ended."""
        return frozenset(track.id for track in self._tracks)

    def _match(
        self, detections: Sequence[Detection], stamp: float, appearances: _Appearances | None
    ) -> list[tuple[int, int]]:
        """Return the associated pairs (row of tracks, column of detections)."""
        measurements = [Measurement.of(found.box) for found in detections]
        gates = [Gate(track.expected(stamp), self.settings.match_iou) for track in self._tracks]
        costs: Costs = {}
        for row, gate in enumerate(gates):
            for column, measurement in enumerate(measurements):
                cost = gate.cost(measurement)
                if cost < math.inf:
                    costs[row, column] = cost
        if appearances is None:
            return best_pairs(costs)
        # The predicted position of a track that left the image, or is overdue, is unreliable.
        doubtful = {
            row
            for row, (track, gate) in enumerate(zip(self._tracks, gates))
            if self._is_overdue(track, stamp)
            or (track.last_seen < self._stamp and appearances.is_outside(gate.expected))
        }
        for row, column in [pair for pair in costs if pair[0] in doubtful]:
            if difference(self._tracks[row].appearance, appearances.of(column)) > SAME_APPEARANCE:
                del costs[row, column]
        pairs = clear_pairs(costs, MARGIN)
        pairs += best_pairs(
            {
                (row, column): cost
                + APPEARANCE_COST
                * difference(self._tracks[row].appearance, appearances.of(column))
                for (row, column), cost in without(costs, pairs).items()
            }
        )
        return pairs + self._reidentified(pairs, gates, measurements, appearances)

    def _reidentified(
        self,
        pairs: Sequence[tuple[int, int]],
        gates: Sequence[Gate],
        measurements: Sequence[Measurement],
        appearances: _Appearances,
    ) -> list[tuple[int, int]]:
        """Return further pairs of unmatched tracks and detections by appearance."""
        rows = set(range(len(gates))) - {row for row, _ in pairs}
        columns = set(range(len(measurements))) - {column for _, column in pairs}
        costs = {
            (row, column): difference(self._tracks[row].appearance, appearances.of(column))
            for row, column in itertools.product(rows, columns)
            if gates[row].distance(measurements[column]) <= REACH
            and gates[row].similar_size(measurements[column])
        }
        return best_pairs({pair: cost for pair, cost in costs.items() if cost <= SAME_APPEARANCE})

    def _refresh(self, found_as: Mapping[int, Track], appearances: _Appearances) -> None:
        """Update the appearance of new tracks, and of tracks without another face near."""
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
                track.update_appearance(appearances.of(column), alone)


class _Appearances:
    """The appearance descriptors of the detections in one image, computed on demand."""

    def __init__(
        self, image: NDArray[np.uint8], detections: Sequence[Detection], reduction: int
    ) -> None:
        self._detections = detections
        self._image = image
        self._reduction = reduction
        self._known: dict[int, Appearance | None] = {}

    def is_outside(self, expected: KalmanState) -> bool:
        """Return whether the predicted centre of a face is outside the image."""
        height, width = (side * self._reduction for side in self._image.shape[:2])
        return not (0 <= expected.x <= width and 0 <= expected.y <= height)

    def of(self, column: int) -> Appearance | None:
        """Return the appearance of a detection; see extract_appearance."""
        if column not in self._known:
            box = self._detections[column].box.scaled(1 / self._reduction)
            self._known[column] = extract_appearance(self._image, box)
        return self._known[column]


def _near(one: Box, other: Box) -> bool:
    (x0, y0), (x1, y1) = one.centre, other.centre
    return abs(x1 - x0) < CLEARANCE * (one.width + other.width) and abs(y1 - y0) < CLEARANCE * (
        one.height + other.height
    )


def _is_plausible(box: Box) -> bool:
    """Return whether ``box`` is within the limits; comparisons with NaN are false."""
    return (
        abs(box.x) <= FARTHEST
        and abs(box.y) <= FARTHEST
        and SMALLEST <= box.width <= FARTHEST
        and SMALLEST <= box.height <= FARTHEST
    )
