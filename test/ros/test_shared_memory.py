# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path
import resource
from typing import Any

import pytest

from face_affect.ros.shared_memory import LITTLE, NEEDED, survive_full_memory, use_udp_where_full

ROOT = Path(__file__).resolve().parents[2]
OURS = '/install/share/face_affect/config/fastdds_shm.xml'


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets how many bytes are free."""

    def set_free(count: int) -> None:
        fields = list(os.statvfs('/'))
        fields[1], fields[4] = 1, count  # f_frsize, f_bavail
        status = os.statvfs_result(fields)
        monkeypatch.setattr(os, 'statvfs', lambda path: status)

    return set_free


def test_with_free_shared_memory_nothing_changes(free: Any) -> None:
    free(NEEDED)
    environment = {'FASTDDS_DEFAULT_PROFILES_FILE': OURS}
    assert use_udp_where_full(environment) == ''
    assert environment == {'FASTDDS_DEFAULT_PROFILES_FILE': OURS}


@pytest.mark.parametrize('profile', [{}, {'FASTDDS_DEFAULT_PROFILES_FILE': OURS}])
@pytest.mark.parametrize(
    'distro, variable',
    [
        ('humble', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
        ('jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
        ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE'),
        ('lyrical', 'FASTDDS_DEFAULT_PROFILES_FILE'),
        ('rolling', 'FASTDDS_DEFAULT_PROFILES_FILE'),
    ],
)
def test_udp_is_used_without_free_shared_memory(
    free: Any, profile: dict[str, str], distro: str, variable: str
) -> None:
    free(NEEDED - 1)
    environment = {'ROS_DISTRO': distro, **profile}
    assert 'images use UDP' in use_udp_where_full(environment)
    assert environment == {
        'ROS_DISTRO': distro,
        variable: str(ROOT / 'config' / 'fastdds_udp.xml'),
    }


def test_a_profile_of_the_user_is_kept(free: Any) -> None:
    free(0)
    environment = {'FASTDDS_DEFAULT_PROFILES_FILE': '/own.xml'}
    assert 'with the profile /own.xml' in use_udp_where_full(environment)
    assert environment == {'FASTDDS_DEFAULT_PROFILES_FILE': '/own.xml'}


def test_other_middleware_is_left_alone(free: Any) -> None:
    free(0)
    environment = {'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'}
    assert use_udp_where_full(environment) == ''
    assert environment == {'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'}


def test_with_full_shared_memory_no_file_is_written(
    free: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, 'setrlimit', lambda kind, limit: limits.append(limit))
    (tmp_path / 'lttng-ust-wait-6').touch()
    free(LITTLE)
    survive_full_memory(tmp_path)
    assert not limits
    free(LITTLE - 1)
    survive_full_memory(tmp_path)
    assert 'no files are written' in use_udp_where_full({}, tmp_path)
    assert limits == [(0, resource.getrlimit(resource.RLIMIT_FSIZE)[1])]
    assert not (tmp_path / 'lttng-ust-wait-6').exists()
