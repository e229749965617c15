# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Resource usage of a process."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Footprint:
    """Resident ``memory`` in bytes, numbers of threads and file descriptors, ``cpu`` seconds."""

    memory: int
    threads: int
    files: int
    cpu: float

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """Return the footprint of process ``pid``.

        Raises:
            psutil.NoSuchProcess: it has ended.

        """
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return cls(
                process.memory_info().rss,
                process.num_threads(),
                process.num_fds(),
                times.user + times.system,
            )
