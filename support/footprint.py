# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Resource usage of a process."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

# Python expression for the peak memory in kB of the process that evaluates it. Not getrusage: its
# peak is that of the parent before the program began.
PEAK_KB = (
    r"""int(__import__('re').search(r'VmHWM:\s+(\d+)', open('/proc/self/status').read())[1])"""
)


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
