# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Where /dev/shm is full, ROS's libraries die of SIGBUS: use none of it there. Free of ROS."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import suppress
import os
from pathlib import Path
import resource

FOLDER = Path('/dev/shm')  # nosec B108: where the libraries have their segments
# The segment of config/fastdds_shm.xml, the ports of some participants, and a reserve
NEEDED = 16 << 20  # bytes
LITTLE = 1 << 20  # bytes; below that not even a page may be left
SHM_PROFILE, UDP_PROFILE = 'fastdds_shm.xml', 'fastdds_udp.xml'
# Fast DDS reads the first from version 3 on (Kilted), before that the second.
VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
OLD_DISTROS = ('humble', 'iron', 'jazzy')
# Of LTTng, which rclpy is linked with
LTTNG_FILES = 'lttng-ust-wait-*'


def use_udp_where_full(environment: MutableMapping[str, str], folder: Path = FOLDER) -> str:
    """Make Fast DDS use UDP where shared memory is nearly full; return the warning, or ''.

    A profile of the user's own stays: the warning says that it may need more than there is.
    """
    if not environment.get('RMW_IMPLEMENTATION', 'rmw_fastrtps').startswith('rmw_fastrtps'):
        return ''
    free = _free(folder)
    if free >= NEEDED:
        return ''
    room = f'{folder} has {free >> 20} MiB free, and Fast DDS may need {NEEDED >> 20} MiB'
    own = next((environment[name] for name in VARIABLES if environment.get(name)), SHM_PROFILE)
    if Path(own).name != SHM_PROFILE:
        return f'{room}: with the profile {own} this process may die of SIGBUS'
    for name in VARIABLES:
        environment.pop(name, None)
    old = environment.get('ROS_DISTRO') in OLD_DISTROS
    environment[VARIABLES[old]] = str(_udp_profile(environment))
    files = ', and nothing is written to files' if free < LITTLE else ''
    return f'{room}: images come over UDP, which is slower{files}. Make room and start again'


def survive_full_memory(folder: Path = FOLDER) -> None:
    """Let no file of this process grow, log files included, where shared memory is full.

    LTTng, which rclpy loads, makes a small file there and maps it, again every few seconds: fatal
    where there is no room. Where it cannot make the file, it does without.
    """
    if _free(folder) >= LITTLE:
        return
    for path in folder.glob(LTTNG_FILES):
        # A segment made on a full file system kills its readers (SIGBUS).
        with suppress(OSError):
            if path.stat().st_blocks == 0:
                path.unlink()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))


def _free(folder: Path) -> int:
    """Return the number of bytes that can be written in ``folder``; 0 if it is missing."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize


def _udp_profile(environment: MutableMapping[str, str]) -> Path:
    """Return the installed profile, or that of the source folder."""
    prefixes = environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(prefix, 'share', 'face_affect', 'config') for prefix in prefixes if prefix]
    source = Path(__file__).resolve().parents[2] / 'config'
    return next(
        (each / UDP_PROFILE for each in installed if (each / UDP_PROFILE).is_file()),
        source / UDP_PROFILE,
    )
