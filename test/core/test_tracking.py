# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import numpy as np
import pytest

from face_affect.core.faces import Box, Detection
from face_affect.core.tracking import match_cost, Tracker

DT = 1 / 15


def found_at(x: float, y: float = 100, size: float = 50) -> Detection:
    return Detection(Box(x, y, size, size), 0.9, np.zeros((6, 2), np.float32))


def ids(tracker: Tracker, detections: list[Detection], stamp: float) -> list[int]:
    """Return the ids of ``detections`` in their own order; 0 where none is reported."""
    tracks = {id(track.detection): track.id for track in tracker.update(detections, stamp)}
    return [tracks.get(id(found), 0) for found in detections]


@pytest.mark.parametrize('found, cost', [
    (Box(0, 0, 10, 10), 0.0),
    (Box(5, 0, 10, 10), 0.5),
    (Box(10, 0, 10, 10), 1.0),
    (Box(10.1, 0, 10, 10), math.inf),
    (Box(-5, -5, 20, 20), math.log(2)),
    (Box(-6, -6, 22, 22), math.inf),
    (Box(3, 3, 4, 4), math.inf),
])
def test_match_cost(found: Box, cost: float) -> None:
    assert match_cost(Box(0, 0, 10, 10), found) == pytest.approx(cost)
    assert match_cost(found, Box(0, 0, 10, 10)) == pytest.approx(cost)


def test_nothing_ever() -> None:
    tracker = Tracker()
    assert tracker.update([], 0.0) == []
    assert tracker.update([], 1.0) == []
    assert tracker.ids == frozenset()


def test_a_face_keeps_its_id() -> None:
    tracker = Tracker()
    for i in range(30):
        track, = tracker.update([found_at(10 * i)], i * DT)
        assert (track.id, track.frames, track.first_seen) == (1, i + 1, 0.0)


def test_faces_in_one_image_have_different_ids() -> None:
    found = [found_at(100 * i) for i in range(5)]
    tracker = Tracker()
    assert ids(tracker, found, 0.0) == [1, 2, 3, 4, 5]
    assert ids(tracker, found[::-1], DT) == [5, 4, 3, 2, 1]


def test_two_boxes_on_one_face_are_two_faces() -> None:
    tracker = Tracker()
    assert ids(tracker, [found_at(0)], 0.0) == [1]
    assert ids(tracker, [found_at(20), found_at(1)], DT) == [2, 1]


def test_ids_are_never_used_again() -> None:
    tracker = Tracker(forget_time=0.2)
    given = [ids(tracker, [found_at(0)], float(i))[0] for i in range(10)]
    tracker.reset()
    given += ids(tracker, [found_at(0)], 20.0)
    given += ids(tracker, [found_at(0)], 3.0)
    assert given == list(range(1, 13))


@pytest.mark.parametrize('gap, expected', [(0.5, 1), (1.0, 1), (1.01, 2)])
def test_forget_time(gap: float, expected: int) -> None:
    tracker = Tracker(forget_time=1.0)
    tracker.update([found_at(0)], 0.0)
    assert tracker.update([], gap / 2) == []
    assert ids(tracker, [found_at(0)], gap) == [expected]


def test_ids_that_may_come_back() -> None:
    tracker = Tracker(forget_time=1.0)
    tracker.update([found_at(0), found_at(200)], 0.0)
    tracker.update([found_at(0)], 0.9)
    assert tracker.ids == {1, 2}
    tracker.update([found_at(0)], 1.1)
    assert tracker.ids == {1}


@pytest.mark.parametrize('frames', [1, 2, 5])
def test_confirm_frames(frames: int) -> None:
    tracker = Tracker(confirm_frames=frames)
    reported = [bool(tracker.update([found_at(0)], i * DT)) for i in range(8)]
    assert reported == [i + 1 >= frames for i in range(8)]


def test_one_false_alarm_is_never_reported() -> None:
    tracker = Tracker(confirm_frames=2)
    for i in range(20):
        assert tracker.update([found_at(200 * i)], i * DT) == []


@pytest.mark.parametrize('height', [80, 120])
def test_two_faces_pass_each_other(height: float) -> None:
    tracker = Tracker()
    for i in range(40):
        pair = [found_at(12 * i), found_at(480 - 12 * i, 100 + height)]
        assert ids(tracker, pair, i * DT) == [1, 2]


def test_a_fast_face_is_predicted() -> None:
    tracker = Tracker(forget_time=1.0)
    for i in range(10):
        tracker.update([found_at(30 * i)], i * DT)
    # Not found in three images, 120 pixels on: more than twice its size.
    assert ids(tracker, [found_at(30 * 13)], 13 * DT) == [1]


def test_growing_face_keeps_its_id() -> None:
    tracker = Tracker()
    for i in range(20):
        assert ids(tracker, [found_at(300 - 5 * i, 200, 30 + 10 * i)], i * DT) == [1]


def test_a_face_elsewhere_is_another() -> None:
    tracker = Tracker()
    tracker.update([found_at(0)], 0.0)
    assert ids(tracker, [found_at(300)], DT) == [2]


@pytest.mark.parametrize('stamp', [4.9, 0.0, -1e9])
def test_a_step_back_in_time_forgets_all(stamp: float) -> None:
    tracker = Tracker()
    tracker.update([found_at(0)], 5.0)
    track, = tracker.update([found_at(0)], stamp)
    assert (track.id, track.first_seen, track.frames) == (2, stamp, 1)


def test_the_same_stamp_again() -> None:
    tracker = Tracker()
    assert ids(tracker, [found_at(0)], 1.0) == [1]
    assert ids(tracker, [found_at(5)], 1.0) == [1]
    assert tracker.update([], 1.0) == []
    assert tracker.update([found_at(400)], 1.0)[0].id == 2


def test_reset_lets_the_clock_start_anywhere() -> None:
    tracker = Tracker(confirm_frames=2)
    tracker.update([found_at(0)], 5.0)
    tracker.reset()
    assert tracker.update([found_at(0)], 1.0) == []
    assert ids(tracker, [found_at(0)], 1.1) == [2]


def test_ids_start_where_asked() -> None:
    tracker = Tracker(first_id=1_000_000_000_000)
    faces = tracker.update([found_at(0), found_at(200)], 0.0)
    assert sorted(face.id for face in faces) == [1_000_000_000_000, 1_000_000_000_001]
