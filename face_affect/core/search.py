# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The search for faces: in the whole image and, as set, in one tile and one rotation of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from face_affect.core.detection import best_of_duplicates, Detector, NMS_IOU, with_lower_odds
from face_affect.core.faces import Detection, Face
from face_affect.core.lying import LyingSearch
from face_affect.core.settings import SEARCH_MEMORY, Settings
from face_affect.core.tiling import TileSearch
from face_affect.core.tracking import Track

# Ratio of the score's odds of a new face to those of a tracked one. At 1.2 approaching faces are
# lost at times, at 2 tracks of leaving people persist on the background.
ODDS_OF_NEW = 1.5


def tracked_threshold(new: float) -> float:
    """Return the minimum score of a tracked face, 0..1, where that of a new face is ``new``."""
    return with_lower_odds(new, ODDS_OF_NEW)


class Search:
    """Detects faces, and remembers those that are not searched for in every image.

    Detections, tracks and faces are in pixels of the full size; ``reduction`` is the divisor with
    which the image was decoded.
    """

    def __init__(self, detector: Detector) -> None:
        """Detect with ``detector``."""
        self._detector = detector
        self._tiles = TileSearch(detector)
        self._rotations = LyingSearch(detector)
        self._remembered: dict[int, Face] = {}

    def __call__(
        self,
        image: NDArray[np.uint8],
        reduction: int,
        settings: Settings,
        tracks: Iterable[Track],
        stamp: float,
    ) -> list[Detection]:
        """Return the faces in ``image``, best first, of at least the score of a tracked one.

        The first image is searched in all tiles and rotations. The faces of ``tracks`` are
        searched for again in every other one. For ``image`` see Detector; ``stamp`` in seconds.
        """
        threshold = tracked_threshold(settings.detection_threshold)
        found = self._detector(image, threshold)
        # Unconfirmed first, then by their last detection
        tracks = sorted(
            tracks, key=lambda one: (one.frames >= settings.confirm_frames, one.last_seen)
        )
        more = []
        if settings.detect_far:
            far = [track for track in tracks if self._is_far(track.detection, image, reduction)]
            places = [track.predicted(stamp).scaled(1 / reduction) for track in far]
            more += self._tiles(image, threshold, places)
        if settings.detect_lying:
            lying = [track.detection.base_roll for track in tracks if track.detection.base_roll]
            more += self._rotations(image, threshold, lying)
        if more:
            found = best_of_duplicates([*found, *more])
        found = [one.scaled(reduction) for one in found]
        if not settings.detect_lying:
            return found
        recent = _recent(tracks, stamp)
        return [one for one in found if not _contradicted(one, recent)]

    def _is_far(self, detection: Detection, image: NDArray[np.uint8], reduction: int) -> bool:
        return self._tiles.is_far(detection.box.scaled(1 / reduction), image.shape)

    def remembered(
        self,
        seen: Sequence[Face],
        image: NDArray[np.uint8],
        reduction: int,
        settings: Settings,
        tracks: Iterable[Track],
        stamp: float,
    ) -> list[Face]:
        """Return the faces of the last SEARCH_MEMORY seconds that this image was not searched for.

        ``seen``: the faces found in ``image``; ``tracks`` that have not ended.
        """
        if not (settings.detect_far or settings.detect_lying):
            self._remembered = {}
            return []
        recent = {track.id: track for track in _recent(tracks, stamp)}
        ids = {face.id for face in seen}
        besides = {
            id: replace(face, age=stamp - recent[id].first_seen)
            for id, face in self._remembered.items()
            if id in recent and id not in ids
        }
        self._remembered = besides | {
            face.id: face
            for face in seen
            if (settings.detect_lying and face.detection.base_roll)
            or (settings.detect_far and self._is_far(face.detection, image, reduction))
        }
        return list(besides.values())


def _recent(tracks: Iterable[Track], stamp: float) -> list[Track]:
    """Return the tracks of the last SEARCH_MEMORY seconds."""
    return [track for track in tracks if stamp - track.last_seen <= SEARCH_MEMORY]


def _contradicted(found: Detection, tracks: Iterable[Track]) -> bool:
    """Return whether a track has the face with another base roll and a higher score.

    An upside-down face is detected at times, with a low score and with eyes for mouth.
    """
    return any(
        track.detection.base_roll != found.base_roll
        and track.detection.score > found.score
        and track.detection.box.iou(found.box) > NMS_IOU
        for track in tracks
    )
