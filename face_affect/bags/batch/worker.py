# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What a worker process of a Dask cluster does: jobs, until their run is stopped."""

from __future__ import annotations

from dataclasses import dataclass
import signal

from face_affect.bags.batch.job import Job, JobResult
from face_affect.bags.batch.processing import process_bag
from face_affect.signals import SIGNALS

# Of this process; a run is all jobs of one command.
_stopped_runs: set[str] = set()


@dataclass(frozen=True)
class RunStop:
    """True once the run is stopped."""

    run: str

    def __bool__(self) -> bool:
        """Return whether to stop."""
        return self.run in _stopped_runs


def dask_setup(worker: object) -> None:
    """Leave signals to the command: a terminal's Ctrl-C reaches its workers, too."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def process(job: Job, run: str) -> JobResult:
    """Do a job, or what is possible of it before the run is stopped."""
    stopped = RunStop(run)
    return JobResult(job, 'interrupted') if stopped else process_bag(job, stopped=stopped)


def stop(run: str) -> None:
    """Stop a run: the job under way ends with a valid bag."""
    _stopped_runs.add(run)
