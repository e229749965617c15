# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
import math
import pickle
from typing import Any

from hypothesis import given, settings, strategies
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.faces import Box, Detection
from face_affect.core.settings import TrackingSettings
from face_affect.core.tracking import Tracker

DT = 1 / 15


def found_at(x: float, y: float = 100, size: float = 50) -> Detection:
    return Detection(Box(x, y, size, size), 0.9)


def tracker_with(first_id: int = 1, **settings: Any) -> Tracker:
    """Return a tracker that reports every detection, with ``settings``."""
    values = {'confirm_frames': 1, 'detection_threshold': 0.0, **settings}
    return Tracker(TrackingSettings(**values), first_id)


def ids(
    tracker: Tracker,
    detections: list[Detection],
    stamp: float,
    image: NDArray[np.uint8] | None = None,
) -> list[int]:
    """Return the ids of ``detections`` in their own order; 0 where none is reported."""
    tracks = {id(track.detection): track.id for track in tracker.update(detections, stamp, image)}
    return [tracks.get(id(found), 0) for found in detections]


def test_nothing_ever() -> None:
    tracker = tracker_with()
    assert tracker.update([], 0.0) == []
    assert tracker.update([], 1.0) == []
    assert tracker.ids == frozenset()


def test_a_face_keeps_its_id() -> None:
    tracker = tracker_with()
    for i in range(30):
        (track,) = tracker.update([found_at(10 * i)], i * DT)
        assert (track.id, track.frames, track.first_seen) == (1, i + 1, 0.0)


def test_faces_in_one_image_have_different_ids() -> None:
    found = [found_at(100 * i) for i in range(5)]
    tracker = tracker_with()
    assert ids(tracker, found, 0.0) == [1, 2, 3, 4, 5]
    assert ids(tracker, found[::-1], DT) == [5, 4, 3, 2, 1]


def test_two_boxes_on_one_face_are_two_faces() -> None:
    tracker = tracker_with()
    assert ids(tracker, [found_at(0)], 0.0) == [1]
    assert ids(tracker, [found_at(20), found_at(1)], DT) == [2, 1]


def test_ids_are_never_used_again() -> None:
    tracker = tracker_with(forget_time=0.2)
    given = []
    for i in range(10):
        given += ids(tracker, [found_at(0)], float(i))
        tracker.update([], i + 0.5)
    tracker.reset()
    given += ids(tracker, [found_at(0)], 20.0)
    given += ids(tracker, [found_at(0)], 3.0)
    assert given == list(range(1, 13))


@pytest.mark.parametrize('gap, expected', [(0.5, 1), (1.0, 1), (1.01, 2)])
def test_forget_time(gap: float, expected: int) -> None:
    tracker = tracker_with(forget_time=1.0)
    tracker.update([found_at(0)], 0.0)
    assert tracker.update([], gap / 2) == []
    assert ids(tracker, [found_at(0)], gap) == [expected]


def test_ids_that_may_come_back() -> None:
    tracker = tracker_with(forget_time=1.0)
    tracker.update([found_at(0), found_at(200)], 0.0)
    tracker.update([found_at(0)], 0.9)
    assert tracker.ids == {1, 2}
    tracker.update([found_at(0)], 1.1)
    assert tracker.ids == {1}


@pytest.mark.parametrize('frames', [1, 2, 5])
def test_confirm_frames(frames: int) -> None:
    tracker = tracker_with(confirm_frames=frames)
    reported = [bool(tracker.update([found_at(0)], i * DT)) for i in range(8)]
    assert reported == [i + 1 >= frames for i in range(8)]


def test_one_false_alarm_is_never_reported() -> None:
    tracker = tracker_with(confirm_frames=2)
    for i in range(20):
        assert tracker.update([found_at(200 * i)], i * DT) == []


@pytest.mark.parametrize('height', [80, 120])
def test_two_faces_pass_each_other(height: float) -> None:
    tracker = tracker_with()
    for i in range(40):
        pair = [found_at(12 * i), found_at(480 - 12 * i, 100 + height)]
        assert ids(tracker, pair, i * DT) == [1, 2]


def test_a_fast_face_is_predicted() -> None:
    tracker = tracker_with(forget_time=1.0)
    for i in range(10):
        tracker.update([found_at(30 * i)], i * DT)
    # Not found in three images, 120 pixels on: more than twice its size.
    assert ids(tracker, [found_at(30 * 13)], 13 * DT) == [1]


def test_growing_face_keeps_its_id() -> None:
    tracker = tracker_with()
    for i in range(20):
        assert ids(tracker, [found_at(300 - 5 * i, 200, 30 + 10 * i)], i * DT) == [1]


def test_a_face_elsewhere_is_another() -> None:
    tracker = tracker_with()
    tracker.update([found_at(0)], 0.0)
    assert ids(tracker, [found_at(300)], DT) == [2]


@pytest.mark.parametrize('stamp', [4.9, 0.0, -1e9])
def test_a_step_back_in_time_forgets_all(stamp: float) -> None:
    tracker = tracker_with()
    tracker.update([found_at(0)], 5.0)
    (track,) = tracker.update([found_at(0)], stamp)
    assert (track.id, track.first_seen, track.frames) == (2, stamp, 1)


def test_the_same_stamp_again() -> None:
    tracker = tracker_with()
    assert ids(tracker, [found_at(0)], 1.0) == [1]
    assert ids(tracker, [found_at(5)], 1.0) == [1]
    assert tracker.update([], 1.0) == []
    assert tracker.update([found_at(400)], 1.0)[0].id == 2


def test_reset_lets_the_clock_start_anywhere() -> None:
    tracker = tracker_with(confirm_frames=2)
    tracker.update([found_at(0)], 5.0)
    tracker.reset()
    assert tracker.update([found_at(0)], 1.0) == []
    assert ids(tracker, [found_at(0)], 1.1) == [2]


def test_ids_start_where_asked() -> None:
    tracker = tracker_with(first_id=1_000_000_000_000)
    faces = tracker.update([found_at(0), found_at(200)], 0.0)
    assert sorted(face.id for face in faces) == [1_000_000_000_000, 1_000_000_000_001]


# Grey wall; in front of it people of whom each is of one colour, with a face of another.
WALL = np.full((240, 640, 3), 128, np.uint8)
COLOURS = ((40, 40, 200), (200, 60, 30), (20, 140, 60), (120, 80, 120))


def picture(people: Sequence[tuple[int, Detection]]) -> NDArray[np.uint8]:
    """Return a picture of people (who, where); the last stands in front."""
    image = WALL.copy()
    for who, found in people:
        x, y, size = (round(value) for value in (found.box.x, found.box.y, found.box.width))
        image[
            max(y - size // 2, 0) : y + 3 * size, max(x - size // 4, 0) : x + size + size // 4
        ] = COLOURS[who]
        image[max(y, 0) : y + size, max(x, 0) : x + size] = (150, 170, 200 + 10 * who)
    return image


@pytest.mark.parametrize('rate', [5, 15, 30])
@pytest.mark.parametrize('speed', [100, 250])
def test_two_cross_and_one_is_hidden(rate: int, speed: float) -> None:
    tracker = tracker_with()
    rng = np.random.default_rng(rate)
    for i in range(round(400 / speed * rate)):
        x = speed * i / rate
        front, behind = (
            found_at(at + float(rng.normal(0, 1)), y, size)
            for at, y, size in ((x, 100, 60), (400 - x, 104, 50))
        )
        hidden = front.box.iou(behind.box) > 0.2
        people = [(1, behind), (0, front)]
        found = [front] if hidden else [front, behind]
        assert ids(tracker, found, i / rate, picture(people)) == [1, 2][: len(found)]


@pytest.mark.parametrize('rate', [5, 15, 30])
@pytest.mark.parametrize('seconds', [0.4, 1.0, 1.5])
def test_hidden_for_a_while_in_walking(rate: int, seconds: float) -> None:
    tracker = tracker_with()
    for i in range(2 * rate):
        assert ids(tracker, [found_at(80 * i / rate)], i / rate) == [1]
    later = (2 * rate - 1) / rate + seconds
    assert tracker.update([], later - 1 / rate) == []
    assert ids(tracker, [found_at(80 * later)], later) == [1]


def test_hidden_by_one_who_stays() -> None:
    """The hidden one comes out on the side where he went in, and the other has gone on a bit."""
    tracker = tracker_with()
    for i in range(15):
        front, behind = found_at(300, size=70), found_at(150 + 6 * i, size=50)
        assert ids(tracker, [front, behind], i * DT, picture([(1, behind), (0, front)])) == [1, 2]
    for i in range(15, 37):
        front = found_at(300, size=70)
        assert ids(tracker, [front], i * DT, picture([(0, front)])) == [1]
    for i in range(37, 50):
        front, behind = found_at(300, size=70), found_at(234 - 6 * (i - 37), size=50)
        assert ids(tracker, [behind, front], i * DT, picture([(1, behind), (0, front)])) == [2, 1]


def test_looks_decide_who_comes_out_on_which_side() -> None:
    """Two go behind something and each comes out where he went in: places alone mislead."""
    for looking in (True, False):
        tracker = tracker_with()
        for i in range(12):
            left, right = found_at(100 + 10 * i), found_at(430 - 10 * i)
            image = picture([(0, left), (1, right)]) if looking else None
            assert ids(tracker, [left, right], i * DT, image) == [1, 2]
        left, right = found_at(240), found_at(290)
        image = picture([(0, left), (1, right)]) if looking else None
        given = ids(tracker, [left, right], 11 * DT + 1.0, image)
        assert given == ([1, 2] if looking else [2, 1])


def test_a_jump_is_followed_by_looks() -> None:
    tracker = tracker_with()
    for i in range(10):
        found = found_at(100)
        assert ids(tracker, [found], i * DT, picture([(0, found)])) == [1]
    found = found_at(280)
    assert ids(tracker, [found], 10 * DT, picture([(0, found)])) == [1]
    other = found_at(100)
    assert ids(tracker, [other], 11 * DT, picture([(1, other)])) == [2]


def test_looks_that_cannot_be_seen_do_not_matter() -> None:
    tracker = tracker_with()
    for i in range(10):
        found = [found_at(-500), found_at(10 * i), found_at(300, size=0.5)]
        assert ids(tracker, found, i * DT, WALL) == [1, 2, 3]
    gray = WALL[..., 0].copy()
    assert ids(tracker, [found_at(100)], 10 * DT, gray) == [2]


@pytest.mark.parametrize('seed', range(5))
def test_trembling_boxes_at_five_images_a_second(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracker = tracker_with()
    for i in range(60):
        boxes = [
            found_at(
                *(place + rng.normal(0, 3, 2)).tolist(),
                size=50 * float(np.exp(rng.normal(0, 0.08))),
            )
            for place in ((100, 100), (220, 110), (340, 95))
        ]
        found = [box for box in boxes if i < 2 or rng.random() > 0.15]
        names = ids(tracker, found, i / 5)
        assert names == [boxes.index(box) + 1 for box in found]


def test_who_comes_back_after_being_forgotten_is_new() -> None:
    tracker = tracker_with()
    for i in range(10):
        found = found_at(100)
        tracker.update([found], i * DT, picture([(0, found)]))
    gone = 9 * DT
    for stamp, expected in ((gone + 2.0, 1), (gone + 4.01, 2)):
        tracker.update([], stamp - 0.1, picture([]))
        found = found_at(100)
        assert ids(tracker, [found], stamp, picture([(0, found)])) == [expected]


@pytest.mark.parametrize('who, expected', [(0, 1), (1, 2), (3, 2)])  # the last looks a bit alike
def test_who_comes_in_where_another_left(who: int, expected: int) -> None:
    tracker = tracker_with()
    for i in range(10):
        found = found_at(430 + 20 * i)
        assert ids(tracker, [found], i * DT, picture([(0, found)])) == [1]
    assert tracker.update([], 10 * DT, WALL) == []
    found = found_at(606)
    assert ids(tracker, [found], 9 * DT + 1.5, picture([(who, found)])) == [expected]


@pytest.mark.parametrize('iou, expected', [(0.0, 1), (0.1, 1), (0.9, 2)])
def test_match_iou(iou: float, expected: int) -> None:
    tracker = tracker_with(match_iou=iou)
    tracker.update([found_at(0)], 0.0)
    assert ids(tracker, [found_at(20)], DT) == [expected]


def test_a_bag_that_starts_again() -> None:
    tracker, given = tracker_with(), list[set[int]]()
    for _ in range(3):
        given.append(set())
        for i in range(30):
            given[-1].update(ids(tracker, [found_at(100 + 5 * i), found_at(400)], 1e9 + i * DT))
    assert given == [{1, 2}, {3, 4}, {5, 6}]


@pytest.mark.parametrize('stamp', [math.nan, math.inf, -math.inf])
def test_a_stamp_that_is_no_time(stamp: float) -> None:
    tracker = tracker_with()
    tracker.update([found_at(0)], 0.0)
    with pytest.raises(ValueError, match='finite'):
        tracker.update([found_at(0)], stamp)
    assert ids(tracker, [found_at(0)], DT) == [1]


@pytest.mark.parametrize(
    'box',
    [
        Box(math.nan, 0, 50, 50),
        Box(0, math.inf, 50, 50),
        Box(0, 0, math.nan, 50),
        Box(0, 0, 50, 0),
        Box(0, 0, -50, -50),
        Box(0, 0, 1e300, 1e300),
        Box(-1e300, 0, 50, 50),
        Box(0, 0, 1e-300, 50),
    ],
)
def test_a_box_that_is_no_place(box: Box) -> None:
    tracker = tracker_with()
    wrong = Detection(box, 0.9)
    assert ids(tracker, [wrong, found_at(100)], 0.0, WALL) == [0, 1]
    assert ids(tracker, [found_at(100), wrong], DT, WALL) == [1, 0]


ANY_NUMBER = strategies.floats(allow_nan=True, allow_infinity=True)
USUAL = strategies.floats(-100, 700)
ANY_BOX = strategies.builds(
    Box, *[USUAL] * 2, *[strategies.floats(1, 300)] * 2
) | strategies.builds(Box, *[ANY_NUMBER] * 4)
ANY_STAMP = strategies.sampled_from([0.0, 0.1, 0.1, 0.2, 1.5, 2.1, 1e9, -5.0]) | strategies.floats(
    allow_nan=False, allow_infinity=False
)
ANY_FRAMES = strategies.lists(
    strategies.tuples(ANY_STAMP, strategies.lists(ANY_BOX, max_size=5)), max_size=8
)


@pytest.mark.slow
@settings(deadline=None)
@given(ANY_FRAMES, strategies.booleans(), strategies.integers(1, 2**60))
def test_whatever_comes_ids_are_sound(
    frames: list[tuple[float, list[Box]]], looking: bool, first: int
) -> None:
    tracker = tracker_with(first_id=first)
    newest, last = first - 1, -math.inf
    for stamp, boxes in frames:
        found = [Detection(box, 0.9) for box in boxes]
        known = tracker.ids if stamp >= last else frozenset[int]()
        tracks = tracker.update(found, stamp, WALL if looking else None)
        given_ids = [track.id for track in tracks]
        assert len(set(given_ids)) == len(given_ids) <= len(found)
        assert all(any(track.detection is one for one in found) for track in tracks)
        new = sorted(set(given_ids) - known)
        assert new == list(range(newest + 1, newest + 1 + len(new)))
        newest, last = newest + len(new), stamp
        for track in tracks:
            predicted = track.predicted(stamp)
            assert all(map(math.isfinite, (predicted.x, predicted.y)))


def test_a_weak_detection_continues_a_face_but_is_none_by_itself() -> None:
    tracker = tracker_with(confirm_frames=2, detection_threshold=0.6)

    def found(x: float, score: float) -> Detection:
        return Detection(Box(x, 100, 40, 50), score)

    assert tracker.update([found(100, 0.5)], 0.0) == []
    assert tracker.update([found(100, 0.6)], 0.1) == []
    assert tracker.update([found(101, 0.5)], 0.2) == []
    (first,) = tracker.update([found(100, 0.7)], 0.3)
    (again,) = tracker.update([found(101, 0.3), found(400, 0.59)], 0.4)
    assert again is first and first.frames == 3
    assert tracker.ids == {first.id}


@pytest.mark.parametrize(
    'interval, settings', [(2.1, {}), (10.0, {}), (300.0, {}), (DT, {'forget_time': 0.0})]
)
def test_images_may_be_farther_apart_than_the_time_to_forget(
    interval: float, settings: dict[str, Any]
) -> None:
    tracker = tracker_with(confirm_frames=2, **settings)
    found = [ids(tracker, [found_at(100)], i * interval) for i in range(5)]
    assert found == [[0], [1], [1], [1], [1]]


def test_a_track_that_missed_an_image_is_forgotten_in_time() -> None:
    tracker = tracker_with(forget_time=0.0)
    assert ids(tracker, [found_at(100)], 0.0) == [1]
    assert ids(tracker, [], 1.0) == []
    assert ids(tracker, [found_at(100)], 2.0) == [2]


def test_another_person_in_the_same_place_much_later_is_another() -> None:
    tracker = tracker_with()
    images = [np.zeros((400, 400, 3), np.uint8) for _ in range(2)]
    for image, colour in zip(images, ((250, 40, 40), (40, 40, 250))):
        image[60:] = colour
        image[90:110, 100:120] = colour[::-1]
    assert ids(tracker, [found_at(100)], 0.0, images[0]) == [1]
    assert ids(tracker, [found_at(100)], 10.0, images[0]) == [1]
    assert ids(tracker, [found_at(100)], 20.0, images[1]) == [2]


def textured() -> NDArray[np.uint8]:
    """Return a background of 1280x480 pixels with random cells of 16 pixels."""
    cells = np.random.default_rng(0).integers(0, 256, (30, 80, 3), np.uint8)
    return cells.repeat(16, axis=0).repeat(16, axis=1)


@pytest.mark.parametrize('turn', [160, -160])
def test_ids_are_kept_while_the_camera_turns(turn: int) -> None:
    room = textured()
    left, right = found_at(240), found_at(400)
    moved = [found_at(240 - turn), found_at(400 - turn)]
    for images, expected in (((320, 320 + turn), [1, 2]), ((320, 320), None)):
        tracker = tracker_with()
        before, after = (room[:, x : x + 640] for x in images)
        assert ids(tracker, [left, right], 0.0, before) == [1, 2]
        found = ids(tracker, moved, 0.2, after)
        # One face is where the other was: without the camera's motion it would get that id.
        assert found == expected if expected else set(found) & {1, 2} and found != [1, 2]


def test_no_image_is_stored_without_a_track() -> None:
    tracker = tracker_with(forget_time=0.5)
    image = textured()[:, :640]
    tracker.update([found_at(100)], 0.0, image)
    assert len(pickle.dumps(tracker)) > 80 * 60
    tracker.update([], 0.1, image)
    assert len(pickle.dumps(tracker)) > 80 * 60
    tracker.update([], 1.0, image)
    tracker.update([], 1.1, image)
    assert len(pickle.dumps(tracker)) < 1000
