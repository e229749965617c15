# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The scenarios: each returns a random scene of its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.tracking.people import CAST, Cutout
from benchmarks.tracking.stage import Actor, Knot, Scene, WIDTH

# Maximum duration of an occlusion in seconds
LONGEST_GAP = 1.5
MIDDLE, EYES = WIDTH / 2, 200.0
OUTSIDE = 160.0

Random = np.random.Generator


def make_scene(name: str, seed: int, people: Sequence[Cutout]) -> Scene:
    """Return a scene of scenario ``name`` with CAST of the ``people``, determined by ``seed``."""
    rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
    cast = tuple(people[i] for i in rng.permutation(len(people))[:CAST])
    while True:
        scene = replace(SCENARIOS[name](rng), people=cast)
        if scene.longest_gap() <= LONGEST_GAP:
            return scene


def _people(rng: Random, count: int) -> list[int]:
    return [int(person) for person in rng.permutation(CAST)[:count]]


def _eyes(rng: Random) -> float:
    return EYES + float(rng.uniform(-12, 12))


def _walk(person: int, start: Knot, *moves: tuple[float, float]) -> Actor:
    """Return an actor who moves from ``start`` by ``moves``: (seconds, horizontal pixels)."""
    path = [start]
    for seconds, across in moves:
        second, x, y, width = path[-1]
        path.append((second + seconds, x + across, y, width))
    return Actor(person, tuple(path))


def _meeting(
    rng: Random, speeds: tuple[float, float], sizes: tuple[float, float], reach: float = 240.0
) -> Scene:
    """Return a scene in which two wait on either side, cross in the centre, and wait again."""
    rates = rng.uniform(*speeds, 2)
    meet = 0.5 + reach / float(min(rates))
    end = 2 * meet
    actors = []
    for person, rate, side in zip(_people(rng, 2), rates, (-1, 1)):
        start = meet - reach / rate
        knot = (0.0, MIDDLE + side * reach, _eyes(rng), float(rng.uniform(*sizes)))
        actors.append(
            _walk(
                person, knot, (start, 0.0), (2 * (meet - start), -2 * side * reach), (start, 0.0)
            )
        )
    return Scene(tuple(actors), end)


def crossing(rng: Random) -> Scene:
    """Return a scene in which two people cross."""
    return _meeting(rng, (100, 350), (50, 110))


def slow_crossing(rng: Random) -> Scene:
    """Return a slow crossing: one person is occluded for up to 1.5 s."""
    return _meeting(rng, (20, 55), (55, 100), reach=130)


def overtaking(rng: Random) -> Scene:
    """Return a scene in which the nearer person overtakes the other."""
    far, near = _people(rng, 2)
    slow, fast = float(rng.uniform(40, 90)), float(rng.uniform(140, 260))
    return Scene(
        (
            _walk(far, (0.0, 200.0, _eyes(rng), float(rng.uniform(45, 60))), (3.5, 3.5 * slow)),
            _walk(
                near,
                (0.0, 60.0, _eyes(rng), float(rng.uniform(70, 110))),
                (0.5, 0.0),
                (2.0, 2 * fast),
                (1.0, 0.0),
            ),
        ),
        3.5,
    )


def standing_in_front(rng: Random) -> Scene:
    """Return a scene in which one stops in front of another, and walks on or back."""
    behind, front = _people(rng, 2)
    speed, wait = float(rng.uniform(100, 300)), float(rng.uniform(0.1, 1.0))
    across = 250.0 * float(rng.choice((-1, 1)))
    onward = across * float(rng.choice((-1, 1)))
    seconds = abs(across) / speed
    return Scene(
        (
            _walk(
                behind,
                (0.0, MIDDLE, _eyes(rng), float(rng.uniform(50, 70))),
                (2 * seconds + wait + 1, 0.0),
            ),
            _walk(
                front,
                (0.0, MIDDLE - across, _eyes(rng), float(rng.uniform(80, 110))),
                (0.5, 0.0),
                (seconds, across),
                (wait, 0.0),
                (seconds, onward),
                (0.5, 0.0),
            ),
        ),
        2 * seconds + wait + 1,
    )


def turning_back(rng: Random) -> Scene:
    """Return a scene in which two meet, one occluding the other, and turn back."""
    speed, wait = float(rng.uniform(100, 250)), float(rng.uniform(0.0, 0.7))
    seconds = 200 / speed
    actors = tuple(
        _walk(
            person,
            (0.0, MIDDLE + side * 200, _eyes(rng), size),
            (0.5, 0.0),
            (seconds, -side * 200),
            (wait, 0.0),
            (seconds, side * 200),
            (0.5, 0.0),
        )
        for person, side, size in zip(_people(rng, 2), (-1, 1), rng.uniform(55, 105, 2).tolist())
    )
    return Scene(actors, 2 * seconds + wait + 1)


def behind_pillar(rng: Random) -> Scene:
    """Return a scene in which one walks behind a pillar, and another stands beside it."""
    walker, stander = _people(rng, 2)
    speed = float(rng.uniform(100, 350))
    seconds = 500 / speed
    return Scene(
        (
            _walk(
                walker,
                (0.0, 70.0, _eyes(rng), float(rng.uniform(50, 90))),
                (0.5, 0.0),
                (seconds, 500.0),
                (0.5, 0.0),
            ),
            _walk(
                stander, (0.0, 470.0, _eyes(rng), float(rng.uniform(40, 49))), (seconds + 1, 0.0)
            ),
        ),
        seconds + 1,
        pillar=(float(rng.uniform(200, 260)), float(rng.uniform(80, 150))),
    )


def crossing_behind_pillar(rng: Random) -> Scene:
    """Return a scene in which two cross while occluded by a pillar."""
    scene = _meeting(rng, (100, 350), (50, 90))
    width = float(rng.uniform(80, 160))
    return Scene(scene.actors, scene.seconds, pillar=(MIDDLE - width / 2, width))


def turning_behind_pillar(rng: Random) -> Scene:
    """Return a scene in which one turns back behind a pillar; another stands beside it."""
    walker, stander = _people(rng, 2)
    seconds, wait = 250 / float(rng.uniform(120, 300)), float(rng.uniform(0.0, 0.6))
    return Scene(
        (
            _walk(
                walker,
                (0.0, 70.0, _eyes(rng), float(rng.uniform(50, 80))),
                (0.5, 0.0),
                (seconds, 250.0),
                (wait, 0.0),
                (seconds, -250.0),
                (0.5, 0.0),
            ),
            _walk(
                stander,
                (0.0, 480.0, _eyes(rng), float(rng.uniform(50, 80))),
                (2 * seconds + wait + 1, 0.0),
            ),
        ),
        2 * seconds + wait + 1,
        pillar=(270.0, float(rng.uniform(100, 140))),
    )


def coming_back(rng: Random) -> Scene:
    """Return a scene in which one leaves and returns after 2.5 to 4 s, with a new identity."""
    stays, leaves = _people(rng, 2)
    away, speed = float(rng.uniform(2.5, 4)), float(rng.uniform(150, 350))
    return _replacement(rng, (stays, leaves, leaves), away, speed)


def another_comes(rng: Random) -> Scene:
    """Return a scene in which one leaves, and another enters there after 0.5 to 1.5 s."""
    stays, leaves, comes = _people(rng, 3)
    return _replacement(
        rng, (stays, leaves, comes), float(rng.uniform(0.5, 1.5)), float(rng.uniform(150, 350))
    )


def _replacement(rng: Random, people: tuple[int, int, int], away: float, speed: float) -> Scene:
    """Return a scene in which one leaves on the right, and one enters there ``away`` s later."""
    stays, leaves, comes = people
    eyes, sizes, x = _eyes(rng), rng.uniform(50, 90, 3).tolist(), 420.0
    gone = 0.5 + (WIDTH - x) / speed
    back = gone + away
    seconds = back + (WIDTH + OUTSIDE - x) / speed + 0.5
    beyond = (WIDTH + OUTSIDE - x) / speed
    return Scene(
        (
            _walk(stays, (0.0, 160.0, _eyes(rng), sizes[0]), (seconds, 0.0)),
            _walk(leaves, (0.0, x, eyes, sizes[1]), (0.5, 0.0), (beyond, WIDTH + OUTSIDE - x)),
            _walk(
                comes,
                (back - OUTSIDE / speed, WIDTH + OUTSIDE, eyes, sizes[2]),
                (beyond, -(WIDTH + OUTSIDE - x)),
                (0.5 + OUTSIDE / speed, 0.0),
            ),
        ),
        seconds,
    )


def mingling(rng: Random) -> Scene:
    """Return a scene in which four people mingle, each at a different distance."""
    actors = []
    for person, size in zip(_people(rng, 4), (50.0, 62.0, 76.0, 94.0)):
        path, second = list[Knot](), 0.0
        while second < 9:
            path.append(
                (
                    second,
                    float(rng.uniform(70, WIDTH - 70)),
                    _eyes(rng),
                    size * float(rng.uniform(0.93, 1.07)),
                )
            )
            second += float(rng.uniform(1.0, 2.0))
        actors.append(Actor(person, (*path, (9.0, *path[-1][1:]))))
    return Scene(tuple(actors), 8.0)


def approaching(rng: Random) -> Scene:
    """Return a scene in which one approaches while another passes behind."""
    comes, passes = _people(rng, 2)
    seconds = float(rng.uniform(2.5, 5))
    start = float(rng.uniform(150, 250))
    return Scene(
        (
            Actor(
                comes,
                (
                    (0.0, start, EYES, 28.0),
                    (seconds, MIDDLE, EYES + 10, 130.0),
                    (seconds + 1, MIDDLE, EYES + 10, 130.0),
                ),
            ),
            _walk(
                passes,
                (0.0, 560.0, EYES - 10, float(rng.uniform(40, 55))),
                (0.5, 0.0),
                (seconds, -480.0),
                (0.5, 0.0),
            ),
        ),
        seconds + 1,
    )


def abrupt(rng: Random) -> Scene:
    """Return a scene with abrupt moves: two people dash aside, bend down and rise."""
    actors = []
    for person, home in zip(_people(rng, 2), (180.0, 460.0)):
        size, path = float(rng.uniform(50, 85)), [(0.0, home, EYES, 0.0)]
        while path[-1][0] < 5:
            second, x, y, _ = path[-1]
            wait, move = float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.25, 0.4))
            path.append((second + wait, x, y, 0.0))
            x, y = (
                (x, EYES + float(rng.choice((0, 90))))
                if rng.random() < 0.4
                else (home + float(rng.uniform(-90, 90)), y)
            )
            path.append((second + wait + move, x, y, 0.0))
        actors.append(Actor(person, tuple((t, x, y, size) for t, x, y, _ in path)))
    return Scene(tuple(actors), 5.0)


def turning_camera(rng: Random) -> Scene:
    """Return a scene in which the camera turns by up to 25 degrees in half a second."""
    actors = tuple(
        _walk(person, (0.0, x + float(rng.uniform(-25, 25)), _eyes(rng), size), (5.0, across))
        for person, x, size, across in zip(
            _people(rng, 3),
            (180.0, 320.0, 460.0),
            rng.uniform(40, 65, 3).tolist(),
            rng.uniform(-40, 40, 3).tolist(),
        )
    )
    left, camera = 0.0, [(0.0, 0.0)]
    for second in (0.7, 1.7, 2.7, 3.7):
        camera.append((second, left))
        left = float(rng.uniform(60, 240)) * (-1 if left > 0 else 1)
        camera.append((second + float(rng.uniform(0.4, 0.7)), left))
    return Scene(actors, 4.8, camera=tuple(camera))


def far_crossing(rng: Random) -> Scene:
    """Return a crossing of small faces, at three to four metres and more."""
    return _meeting(rng, (30, 90), (14, 24), reach=80)


SCENARIOS: dict[str, Callable[[Random], Scene]] = {
    'crossing': crossing,
    'slow crossing': slow_crossing,
    'overtaking': overtaking,
    'standing in front': standing_in_front,
    'turning back': turning_back,
    'behind a pillar': behind_pillar,
    'crossing behind a pillar': crossing_behind_pillar,
    'turning behind a pillar': turning_behind_pillar,
    'coming back': coming_back,
    'another comes': another_comes,
    'mingling': mingling,
    'approaching': approaching,
    'abrupt moves': abrupt,
    'turning camera': turning_camera,
    'far crossing': far_crossing,
}
