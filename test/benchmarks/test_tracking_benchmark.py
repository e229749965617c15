# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A short run of the measurement of tracking: no id may change in a crossing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip('motmetrics')
pytest.importorskip('rosbags')

from benchmarks.tracking import runs
from benchmarks.tracking.metrics import compare, summary, Tracked
from benchmarks.tracking.people import demo_people
from benchmarks.tracking.runs import Pictures, SHRINK, track_real, track_simulated
from benchmarks.tracking.scenarios import LONGEST_GAP, make_scene, SCENARIOS
from benchmarks.tracking.stage import HEIGHT, SEEN, TrueFace, TrueFrame, WIDTH
from face_affect.core.faces import Box
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import ModelNames, Settings
from face_affect.core.tasks import TASKS

SEED = 100
MUST_HOLD = (
    'crossing',
    'slow crossing',
    'overtaking',
    'standing in front',
    'turning back',
    'behind a pillar',
    'crossing behind a pillar',
    'approaching',
)


@pytest.mark.parametrize('name', MUST_HOLD)
def test_no_id_switch(name: str) -> None:
    scene = make_scene(name, SEED, demo_people())
    pictures = Pictures(scene, SHRINK)
    events = []
    for rate in (5, 15):
        truth = scene.frames(rate)
        events.append(compare(truth, track_simulated(truth, pictures, rate, SEED)))
    figures = summary(events)
    assert figures.faces > 60
    assert figures.switches == figures.transfers == 0
    assert figures.mota > 0.85
    assert figures.idf1 > 0.92


def test_the_real_detector_runs_without_classifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    def pipeline(settings: Settings, models: ModelNames) -> Pipeline:
        used.append(settings)
        return Pipeline(settings, models)

    monkeypatch.setattr(runs, 'Pipeline', pipeline)
    scene = make_scene('crossing', SEED, demo_people())
    track_real(scene.frames(5)[:1], Pictures(scene), 'face_detector')
    (settings,) = used
    assert not any(settings.enabled(task) for task in TASKS)


@pytest.mark.parametrize('name', ['coming back', 'another comes'])
def test_who_comes_in_after_another_has_left_is_new(name: str) -> None:
    scene = make_scene(name, SEED, demo_people())
    truth = scene.frames(15)
    tracked = track_simulated(truth, Pictures(scene, SHRINK), 15, SEED)
    names = [
        {
            found
            for frame, ids in zip(truth, tracked)
            for found, box in ids
            for face in frame.faces
            if face.identity == identity and face.box.iou(box) > 0.5
        }
        for identity in range(3)
    ]
    assert [len(one) for one in names] == [1, 1, 1]
    assert len(set.union(*names)) == 3


@pytest.mark.parametrize('name', list(SCENARIOS))
def test_scenes_are_as_they_say(name: str) -> None:
    scene, same = (make_scene(name, SEED, demo_people()) for _ in range(2))
    frames = scene.frames(5)
    assert frames == same.frames(5)
    assert scene.longest_gap() <= LONGEST_GAP
    assert {
        face.identity for frame in frames for face in frame.faces if face.visible >= SEEN
    } == set(range(len(scene.actors)))
    assert all(0 <= face.visible <= 1 for frame in frames for face in frame.faces)


def test_a_picture_shows_who_is_there() -> None:
    scene = make_scene('crossing', SEED, demo_people())
    early, late = (scene.image(second).astype(int) for second in (0.0, scene.seconds / 2))
    assert early.shape == (HEIGHT, WIDTH, 3)
    for face in scene.frame(0.0).faces:
        x, y = (round(value) for value in face.box.centre)
        assert (
            abs(early[y - 9 : y + 9, x - 9 : x + 9] - late[y - 9 : y + 9, x - 9 : x + 9]).mean()
            > 10
        )


FRAMES = tuple(
    TrueFrame(
        float(i),
        (
            TrueFace(0, Box(0, 0, 50, 50), 1.0),
            TrueFace(1, Box(100, 0, 50, 50), 1.0 if i != 5 else 0.2),
        ),
    )
    for i in range(10)
)


def tracked_as(names: Sequence[tuple[int, int]]) -> list[Tracked]:
    return [
        [(name, face.box) for name, face in zip(pair, frame.faces)]
        for pair, frame in zip(names, FRAMES)
    ]


def test_perfect_tracks() -> None:
    figures = summary([compare(FRAMES, tracked_as([(7, 8)] * 10))])
    assert (figures.switches, figures.transfers, figures.fragmentations) == (0, 0, 0)
    assert (figures.faces, figures.mota, figures.idf1, figures.motp) == (19, 1.0, 1.0, 1.0)


def test_swapped_tracks() -> None:
    figures = summary([compare(FRAMES, tracked_as([(7, 8)] * 6 + [(8, 7)] * 4))])
    assert (figures.switches, figures.transfers) == (2, 2)
    assert figures.mota == pytest.approx(1 - 2 / 19)
    assert figures.idf1 < 0.7


def test_missed_and_false_faces() -> None:
    tracked = tracked_as([(7, 8)] * 10)
    tracked[2] = tracked[2][:1]
    tracked[3] = [*tracked[3], (9, Box(300, 0, 50, 50))]
    figures = summary([compare(FRAMES, tracked)])
    assert (figures.switches, figures.fragmentations) == (0, 1)
    assert figures.mota == pytest.approx(1 - 2 / 19)
