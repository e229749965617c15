# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What a process holds of the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Footprint:
    """Resident ``memory`` in bytes, threads, open file descriptors, ``cpu`` seconds so far."""

    memory: int
    threads: int
    files: int
    cpu: float

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """Look at process ``pid``.

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
