# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Packages of the same or a later workspace that depend on face_affect, and so on its messages."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess

from demo_bag import ROOT
import pytest

CONSUMERS = ROOT / 'test' / 'consumers'
NAMES = ['face_affect_consumer_cpp', 'face_affect_consumer_py']

pytestmark = pytest.mark.skipif(shutil.which('colcon') is None, reason='needs colcon')


def colcon(*arguments: object, folder: Path) -> str:
    done = subprocess.run(
        ['colcon', '--log-base', 'log', *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def order(*base_paths: Path, folder: Path) -> list[str]:
    text = colcon('list', '-tn', '--base-paths', *base_paths, folder=folder)
    return text.split()


def test_colcon_builds_consumers_after_the_messages(tmp_path: Path) -> None:
    """In one workspace, where colcon does not see the nested package of the messages."""
    found = order(ROOT, CONSUMERS, folder=tmp_path)
    assert found[0] == 'face_affect'
    assert sorted(found[1:]) == NAMES


def test_the_messages_alone_are_a_package(tmp_path: Path) -> None:
    assert order(ROOT / 'face_affect_msgs', folder=tmp_path) == ['face_affect_msgs']


def test_consumers_build_and_run(tmp_path: Path) -> None:
    """By `<depend>face_affect</depend>` and `find_package(face_affect)` alone."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(':')
    if not any((Path(prefix) / 'share' / 'face_affect').is_dir() for prefix in prefixes):
        pytest.skip('face_affect is not built')
    shutil.copytree(CONSUMERS, tmp_path / 'src')
    colcon('build', folder=tmp_path)
    for name, output in zip(NAMES, ('2 1\n', '2 True\n')):
        command = f'. install/local_setup.sh && install/{name}/lib/{name}/consumer'
        done = subprocess.run(
            ['sh', '-c', command], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout) == (0, output), done.stderr
