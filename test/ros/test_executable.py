# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import pytest

from face_affect.ros.executable import log_folder_problem, reason_of


@pytest.mark.parametrize(
    'variables, folder',
    [
        ({'ROS_LOG_DIR': 'logs', 'ROS_HOME': 'ros', 'HOME': 'home'}, 'logs'),
        ({'ROS_LOG_DIR': '', 'ROS_HOME': 'ros', 'HOME': 'home'}, 'ros/log'),
        ({'HOME': 'home'}, 'home/.ros/log'),
    ],
)
def test_log_folder_is_created(
    variables: dict[str, str], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ('ROS_LOG_DIR', 'ROS_HOME', 'HOME'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value and str(tmp_path / value))
    assert log_folder_problem() == ''
    assert (tmp_path / folder).is_dir()


@pytest.mark.parametrize('home', [None, ''])
def test_without_a_home(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('ROS_LOG_DIR', 'ROS_HOME', 'HOME'):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv('HOME', home)
    assert log_folder_problem().endswith('HOME is not set')


def test_log_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'file').touch()
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'file' / 'log'))
    assert 'Not a directory' in log_folder_problem()


@pytest.mark.parametrize(
    'error, reason',
    [
        (
            RuntimeError(
                "Couldn't parse params file: 'n'. Error: No value at line 3, at "
                '/project/src/parse.c:258, at /project/src/rcl/arguments.c:415'
            ),
            "Couldn't parse params file: 'n'. Error: No value at line 3",
        ),
        (RuntimeError("['--unknown']"), "RuntimeError: ['--unknown']"),
        (ValueError('not on\ntwo lines'), r'not on\ntwo lines'),
    ],
)
def test_reason_of_a_failed_start(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
