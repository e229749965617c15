# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Functions that run in a worker process of a Dask cluster."""

from __future__ import annotations

from dataclasses import dataclass
import signal

from face_affect.bags.batch.job import Job, JobResult
from face_affect.bags.batch.processing import process_bag
from face_affect.signals import SIGNALS

# In this process; a run is all jobs of one command.
_stopped_runs: set[str] = set()


@dataclass(frozen=True)
class RunStop:
    """The stop flag of a run, true once ``stop`` was called for it."""

    run: str

    def __bool__(self) -> bool:
        """Return whether the run is stopped."""
        return self.run in _stopped_runs


def dask_setup(worker: object) -> None:
    """Ignore signals: Ctrl-C in a terminal reaches workers, too, but only the command stops them.

    Dask calls this function in each worker that preloads the module.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def process(job: Job, run: str) -> JobResult:
    """Process a job until it is done or the run is stopped; return the outcome."""
    stopped = RunStop(run)
    return JobResult(job, 'interrupted') if stopped else process_bag(job, stopped=stopped)


def stop(run: str) -> None:
    """Stop a run; its current job ends with a valid bag."""
    _stopped_runs.add(run)
