# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Avoid shared memory if /dev/shm is full, which kills processes with ROS by SIGBUS.

Does not import ROS: the settings must be made before.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import suppress
import os
from pathlib import Path
import resource

FOLDER = Path('/dev/shm')  # nosec B108: the folder of the libraries' segments
# The segment of config/fastdds_shm.xml, the ports of some participants, and a reserve
NEEDED = 16 << 20  # bytes
LITTLE = 1 << 20  # bytes; with less, even small segments may not fit
SHM_PROFILE, UDP_PROFILE = 'fastdds_shm.xml', 'fastdds_udp.xml'
# Fast DDS reads the first from version 3 on (Kilted), before that the second.
VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
OLD_DISTROS = ('humble', 'iron', 'jazzy')
# Segments of LTTng, which rclpy is linked with
LTTNG_FILES = 'lttng-ust-wait-*'


def use_udp_where_full(environment: MutableMapping[str, str], folder: Path = FOLDER) -> str:
    """Make Fast DDS use UDP if shared memory is nearly full; return a warning, or ''.

    A user's own profile is kept; the warning then says that the process may crash.

    Args:
        environment: of this process; the variable of the profile is changed.
        folder: of shared memory.

    """
    if not environment.get('RMW_IMPLEMENTATION', 'rmw_fastrtps').startswith('rmw_fastrtps'):
        return ''
    free = _free(folder)
    if free >= NEEDED:
        return ''
    room = f'{folder} has {free >> 20} MiB free, and Fast DDS may need {NEEDED >> 20} MiB'
    own = next((environment[name] for name in VARIABLES if environment.get(name)), SHM_PROFILE)
    if Path(own).name != SHM_PROFILE:
        return f'{room}: with the profile {own} this process may crash (SIGBUS); free some memory'
    for name in VARIABLES:
        environment.pop(name, None)
    old = environment.get('ROS_DISTRO') in OLD_DISTROS
    environment[VARIABLES[old]] = str(_udp_profile(environment))
    files = ', and no files are written' if free < LITTLE else ''
    return f'{room}: images use UDP, which is slower{files}; free some memory and start again'


def survive_full_memory(folder: Path = FOLDER) -> None:
    """Forbid this process to write files, log files included, if shared memory is full.

    LTTng, which rclpy loads, creates and maps a small file there every few seconds, which crashes
    the process on a full file system. If LTTng cannot write the file, it continues without.
    """
    if _free(folder) >= LITTLE:
        return
    for path in folder.glob(LTTNG_FILES):
        # A segment without blocks, created on a full file system, kills its readers (SIGBUS).
        with suppress(OSError):
            if path.stat().st_blocks == 0:
                path.unlink()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))


def _free(folder: Path) -> int:
    """Return the free bytes of the file system of ``folder``; 0 if it is missing."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize


def _udp_profile(environment: MutableMapping[str, str]) -> Path:
    """Return the path of the UDP profile: the installed one, else that of the source folder."""
    prefixes = environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(prefix, 'share', 'face_affect', 'config') for prefix in prefixes if prefix]
    source = Path(__file__).resolve().parents[2] / 'config'
    return next(
        (each / UDP_PROFILE for each in installed if (each / UDP_PROFILE).is_file()),
        source / UDP_PROFILE,
    )
