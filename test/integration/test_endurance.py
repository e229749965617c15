# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The node under many transitions, many parameter changes, and many frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import random
import signal
import subprocess
import sys

from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Robot, ROOT, Watcher
import pytest
from sensor_msgs.msg import CompressedImage

from support.footprint import Footprint

TRANSITIONS = 1000
CHANGES = 5000
AT_ONCE = 20  # requests under way
# From state and transition to state; all else is refused.
LEGAL = {
    ('unconfigured', 'configure'): 'inactive',
    ('inactive', 'activate'): 'active',
    ('active', 'deactivate'): 'inactive',
    ('inactive', 'cleanup'): 'unconfigured',
}
RANGES = {
    'detection_threshold': (-0.2, 1.2),
    'smoothing_time': (-5.0, 65.0),
    'max_rate': (-100.0, 1100.0),
    'debug_image_scale': (0.0, 1.1),
    'emotion_min_confidence': (-0.2, 1.2),
}


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    """Return an own node that sees a face in every image."""
    robot = Robot(tmp_path)
    robot.start_node(image_transport='compressed')
    watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    yield watcher
    robot.close()


def test_a_thousand_random_transitions(watcher: Watcher) -> None:
    robot, rng = watcher.robot, random.Random(2017)
    state, held = 'unconfigured', []
    for count in range(1, TRANSITIONS + 1):
        transition = rng.choice(('configure', 'activate', 'activate', 'deactivate', 'cleanup'))
        legal = (state, transition) in LEGAL
        assert robot.change_state(transition) == legal, f'{transition} while {state}'
        state = LEGAL.get((state, transition), state)
        if count % 100 == 0:
            assert robot.state == state
        if count in (TRANSITIONS // 2, TRANSITIONS):
            held.append(footprint_of_rest(watcher, state))
            state = 'unconfigured'
    first, last = held
    assert last.threads <= first.threads
    assert last.files <= first.files
    assert last.memory - first.memory < 5e6


def footprint_of_rest(watcher: Watcher, state: str) -> Footprint:
    """Run the node briefly; return its resources when unconfigured afterwards."""
    go(watcher.robot, state, 'active')
    watcher.wait_for(lambda result: result.faces, 'a face')
    go(watcher.robot, 'active', 'unconfigured')
    return watcher.robot.processes[-1].footprint


def go(robot: Robot, state: str, goal: str) -> None:
    """Bring the node from ``state`` to ``goal`` by transitions."""
    steps = ('configure', 'activate') if goal == 'active' else ('deactivate', 'cleanup')
    for step in steps:
        if (state, step) in LEGAL:
            assert robot.change_state(step)
            state = LEGAL[state, step]
    assert robot.state == goal


def test_a_storm_of_parameters(watcher: Watcher) -> None:
    robot, rng = watcher.robot, random.Random(2017)
    assert robot.change_state('configure') and robot.change_state('activate')
    watcher.wait_for(lambda result: result.faces, 'a face')
    watcher.results.clear()
    refused = 0
    for _ in range(CHANGES // AT_ONCE):
        names = rng.choices(list(RANGES), k=AT_ONCE)
        values = [rng.uniform(*RANGES[name]) for name in names]
        answers = robot.set_each(list(zip(names, values)))
        for name, value, answer in zip(names, values, answers):
            assert answer.successful == in_range(name, value), (name, value, answer.reason)
            assert answer.successful or name in answer.reason
            refused += not answer.successful
    assert 500 < refused < CHANGES - 500
    assert watcher.results, 'frames flowed'
    assert robot.set_at_once(
        detection_threshold=0.5, max_rate=0.0, emotion_min_confidence=0.4, smoothing_time=0.5
    ).successful
    watcher.wait_for(lambda result: result.faces, 'a face')
    report = robot.report()
    assert 'dropped: failed' not in report
    assert report['last error'] == 'none'


def in_range(name: str, value: float) -> bool:
    limits = {'smoothing_time': (0, 60), 'max_rate': (0, 1000), 'debug_image_scale': (0.05, 1)}
    low, high = limits.get(name, (0, 1))
    return low <= value <= high


def test_a_short_soak(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'benchmarks.soak',
            '--frames',
            '4000',
            '--output',
            str(tmp_path / 'soak'),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = run.communicate(timeout=240)
    finally:
        if run.poll() is None:
            run.send_signal(signal.SIGINT)
    assert run.returncode == 0, output
    assert '| verdict | passed |' in output
    for name in ('soak.md', 'soak.json', 'soak.png'):
        assert (tmp_path / 'soak' / name).stat().st_size > 100
