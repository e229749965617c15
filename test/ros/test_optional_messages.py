# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Message packages that may be missing."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

import std_msgs.msg

from face_affect.ros.optional_messages import load_messages, MissingMessagesError

PACKAGE = 'made_up_msgs'
ADVICE = r'\): sudo apt install ros-\$ROS_DISTRO-made-up-msgs$'


def test_optional_messages_are_not_imported_by_default() -> None:
    code = 'import face_affect.ros.node, face_affect.ros.ros4hri_bridge, sys; print(*sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    tops = {name.split('.')[0] for name in done.stdout.split()}
    assert 'sensor_msgs' in tops
    assert not tops & {'hri_msgs', 'tf2_msgs', 'vision_msgs'}


def test_an_installed_package_is_its_module() -> None:
    assert load_messages('std_msgs', 'Header', 'all') is std_msgs.msg


def test_a_missing_package_is_named_with_the_advice() -> None:
    with pytest.raises(MissingMessagesError, match=rf'^all needs {PACKAGE} \(No mod.*{ADVICE}'):
        load_messages(PACKAGE, 'Header', 'all')


def test_a_source_folder_is_no_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / PACKAGE / 'msg').mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingMessagesError, match=rf"^all needs .*'Header'.*{ADVICE}"):
        load_messages(PACKAGE, 'Header', 'all')
