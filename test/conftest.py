# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Fixtures for all tests: the demo bag's frames and their ground truth."""

from __future__ import annotations

import json
from pathlib import Path
import signal
import sys
from typing import Any

from hypothesis import settings
import pytest

# The source tree before an installed copy; `training` is never installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo_bag import DemoFrame, ROOT, TrueFace

from face_affect.core.faces import Box
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import Settings

# A background job of a shell ignores SIGINT, one under nohup SIGHUP. Programs under test would
# inherit this and never end.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# No deadlines: examples are slow on a busy or emulated machine.
settings.register_profile('any machine', deadline=None)
settings.load_profile('any machine')


# Folders of tests that need rclpy
ROS = {'demo', 'integration', 'launch', 'ros'}
# Folders and modules with tests that take more than some seconds each
SLOW = {
    'benchmarks',
    'cli',
    'demo',
    'launch',
    'test_absurd_requests.py',
    'test_bad_input.py',
    'test_bag.py',
    'test_batch.py',
    'test_behaviortree_cpp.py',
    'test_bounded_readers.py',
    'test_demo_frames.py',
    'test_endurance.py',
    'test_faults.py',
    'test_full_shared_memory.py',
    'test_installation.py',
    'test_page.py',
    'test_programs.py',
    'test_reduction.py',
    'test_report.py',
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the markers `ros`, `slow` and `training` by folder and module."""
    for item in items:
        names = {*item.path.relative_to(ROOT / 'test').parts}
        if names & ROS:
            item.add_marker('ros')
        if names & SLOW:
            item.add_marker('slow')
        if 'training' in names:
            item.add_marker('training')


@pytest.fixture(scope='session')
def demo_truth() -> dict[str, Any]:
    """Return demo/truth.json."""
    truth: dict[str, Any] = json.loads((ROOT / 'demo' / 'truth.json').read_text())
    return truth


@pytest.fixture(scope='session')
def demo_frames(demo_truth: dict[str, Any]) -> list[DemoFrame]:
    """Return all frames of the demo bag with their true faces."""
    highlevel = pytest.importorskip('rosbags.highlevel')
    typesys = pytest.importorskip('rosbags.typesys')
    store = typesys.get_typestore(typesys.Stores.ROS2_HUMBLE)
    with highlevel.AnyReader([ROOT / 'demo' / 'bag'], default_typestore=store) as reader:
        images = [c for c in reader.connections if c.topic == demo_truth['topic']]
        jpegs = [
            bytes(reader.deserialize(data, connection.msgtype).data)
            for connection, _, data in reader.messages(images)
        ]
    assert len(jpegs) == len(demo_truth['frames'])
    return [
        DemoFrame(
            frame['stamp'],
            jpeg,
            tuple(
                TrueFace(face['person'], face['appearance'], Box(*face['box']))
                for face in frame['faces']
            ),
        )
        for frame, jpeg in zip(demo_truth['frames'], jpegs)
    ]


@pytest.fixture
def pipeline() -> Pipeline:
    """Return a pipeline that reports faces in their first image and does not smooth."""
    return Pipeline(Settings(confirm_frames=1, smoothing_time=0))


def shared(name: str, what: str) -> Path:
    """Return a folder beside the checkout, or skip the test if it is missing."""
    folder = ROOT.parent / 'shared' / name
    if not folder.is_dir():
        pytest.skip(f'{what} are not in {folder}')
    return folder


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Return the folder of the training images, or skip the test if it is missing."""
    return shared('data', 'the training pictures')


@pytest.fixture(scope='session')
def shared_media() -> Path:
    """Return the folder of videos filmed at a robot's height, or skip if it is missing."""
    return shared('media', 'the clips')
