# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Fixtures for the tests over DDS; all are skipped if ROS is missing."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import shutil

import pytest
from skipping import ros_missing, skipped

try:
    from harness import Robot, ROOT

    MISSING = ros_missing()
    if not MISSING and not shutil.which('face_affect_node'):
        MISSING = 'face_affect_node is not on the PATH'
except ImportError as error:
    MISSING = str(error)

PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    reason = f'needs the built workspace: {MISSING}'
    return skipped(module_path, parent, reason) if MISSING else None


@pytest.fixture(scope='session', autouse=True)
def environment() -> Iterator[None]:
    """Restrict discovery to this machine, and use the profile with large shared memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        patch.setenv('PYTHONUNBUFFERED', '1')
        if not any(name in os.environ for name in PROFILES):
            old = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
            patch.setenv(PROFILES[old], str(ROOT / 'config' / 'fastdds_shm.xml'))
        yield


@pytest.fixture(scope='module')
def robot(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    """Give a ROS domain to the module; all processes in it are killed at the end."""
    robot = Robot(tmp_path_factory.mktemp('robot'))
    yield robot
    robot.close()
