# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Process many recordings: sequentially, in local processes, or on a Dask cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
import glob
import logging
from pathlib import Path
import time
from typing import Any
import uuid

from face_affect.bags.batch import worker
from face_affect.bags.batch.job import Job, JobResult, Options
from face_affect.bags.batch.processing import process_bag, Progress
from face_affect.bags.recordings.bag_reader import RecordingError
from face_affect.core.text import printable
from face_affect.extras import needs
from face_affect.media.files import compressed_hint, is_bag
from face_affect.media.opening import is_video
from face_affect.signals import StopSignal

# Of a job whose worker dies; then the recording is assumed to be the cause.
ATTEMPTS = 3
CONNECT_SECONDS = 30
TICK = 0.1  # seconds between polls for outcomes
WATCH_PERIOD = 1.0  # seconds between polls for workers

# Called with the number of workers, and the seconds without any.
WatchWorkers = Callable[[int, float], None]


def plan(inputs: Sequence[str], output: Path, options: Options) -> list[Job]:
    """Return a job for each recording that ``inputs`` name.

    Args:
        inputs: bags, videos, folders that are searched recursively, and glob patterns.
        output: the output of one recording; otherwise a folder with an output for each, named
            after the recording, at its path relative to the searched folder.
        options: of all jobs.

    Raises:
        RecordingError: an input has no recording, or two outputs would have the same name.

    """
    if '' in inputs:
        raise RecordingError('the name of a recording is empty')
    output = output.absolute()
    first = Path(inputs[0])
    if len(inputs) == 1 and first.exists() and (is_bag(first) or first.is_file()):
        return [Job(str(first.absolute()), output, options)]
    found = [pair for source in inputs for pair in _find(source)]
    names = [name for _, name in found]
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise RecordingError(
            f'two recordings would be written to {output / twice[0]}: '
            'give them in different folders or one by one'
        )
    return [Job(str(path), output / name, options) for path, name in found]


def _find(source: str) -> list[tuple[Path, Path]]:
    """Return the recordings of an input, and the relative path of the output of each."""
    path = Path(source)
    if path.is_dir() and not is_bag(path):
        found = [(each, each.relative_to(path).with_suffix('')) for each in _below(path)]
    elif path.exists():
        found = [(path, Path(path.stem))]
    else:
        paths = [Path(match) for match in sorted(glob.glob(source, recursive=True))]
        found = [(each, Path(each.stem)) for each in paths if is_recording(each)]
    if not found:
        if not path.exists():
            raise RecordingError(f'{source}: no such file or folder')
        raise RecordingError(f'{source}: no recording found{compressed_hint(path)}')
    return [(each.absolute(), name) for each, name in found]


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.'):
            continue
        if is_recording(path):
            yield path
        elif path.is_dir():
            yield from _below(path)


def is_recording(path: Path) -> bool:
    """Return whether ``path`` is a bag or a video."""
    return is_bag(path) or is_video(path)


def run_here(
    jobs: Sequence[Job], stop: StopSignal, progress: Progress | None = None
) -> Iterator[JobResult]:
    """Process the jobs sequentially in this process; yield each outcome when it is known.

    A signal, handled by ``stop``, ends the current job with a valid bag; the others are not
    started.
    """
    with stop as stopped:
        for job in jobs:
            if stopped:
                yield JobResult(job, 'interrupted')
            else:
                yield process_bag(job, progress, stopped)


def run_local(
    jobs: Sequence[Job], workers: int, stop: StopSignal, watch: WatchWorkers | None = None
) -> Iterator[JobResult]:
    """Process the jobs in ``workers`` local processes; yield each outcome when it is known.

    After a signal, handled by ``stop``, the running jobs end with valid bags.

    Raises:
        MissingExtraError: distributed is not installed.

    """
    with needs('cluster', 'processing several recordings at once (--workers 1: one by one)'):
        import cryptography  # noqa: F401
        import distributed
        import distributed.security
    import dask.config

    settings = {
        'distributed.scheduler.allowed-failures': ATTEMPTS - 1,
        # Queue jobs at the scheduler rather than at a busy worker.
        'distributed.scheduler.worker-saturation': 1.0,
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host='127.0.0.1',
            protocol='tls://',
            # Temporary keys, since other users of the machine reach the ports, too
            security=distributed.security.Security.temporary(),
            dashboard_address='127.0.0.1:0',
            memory_limit=None,
            silence_logs=logging.CRITICAL,
            preload=[worker.__name__],
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield from _run(client, jobs, stop, watch)


def run_on_cluster(
    jobs: Sequence[Job], scheduler: str, stop: StopSignal, watch: WatchWorkers | None = None
) -> Iterator[JobResult]:
    """Process the jobs on a Dask cluster; yield each outcome when it is known.

    Args:
        jobs: their paths must be valid on the workers.
        scheduler: address such as tcp://HOST:8786.
        stop: handles signals, after which the running jobs end with valid bags.
        watch: called about once a second with the state of the workers.

    Raises:
        MissingExtraError: distributed is not installed.
        OSError: no scheduler answers at the address within ``CONNECT_SECONDS``.

    """
    with needs('cluster', '--scheduler'):
        import distributed
    with distributed.Client(scheduler, timeout=CONNECT_SECONDS) as client:
        yield from _run(client, jobs, stop, watch)


def _run(
    client: Any, jobs: Sequence[Job], stop: StopSignal, watch: WatchWorkers | None
) -> Iterator[JobResult]:
    """Process the jobs on the workers of ``client``; yield each outcome when it is known.

    A job whose worker dies is given to another one, which skips it if the output is complete.
    After a signal, the running jobs end with valid bags.
    """
    import distributed

    run = uuid.uuid4().hex
    futures = {client.submit(worker.process, job, run, pure=False): job for job in jobs}
    with stop as stopped, _stopped_at_exit(client, run):
        done, due, busy = distributed.as_completed(futures), 0.0, time.monotonic()
        while futures:
            for future in done.next_batch(block=False):
                yield _outcome(future, futures.pop(future))
            now = time.monotonic()
            if now >= due or stopped:
                due, count = now + WATCH_PERIOD, len(client.nthreads())
                busy = now if count else busy
                if watch:
                    watch(count, now - busy)
                if stopped:
                    # Repeatedly, since a restarted worker has not received it
                    _stop(client, run)
                if stopped and not count:
                    yield from (JobResult(job, 'interrupted') for job in futures.values())
                    return
            time.sleep(TICK)


@contextmanager
def _stopped_at_exit(client: Any, run: str) -> Iterator[None]:
    """Stop the run when its generator of outcomes is closed."""
    try:
        yield
    finally:
        _stop(client, run)


def _stop(client: Any, run: str) -> None:
    # The connection to the scheduler may be lost.
    with suppress(OSError):
        client.run(worker.stop, run, on_error='ignore')


def _outcome(future: Any, job: Job) -> JobResult:
    """Return the outcome of a job; 'failed' if its worker died or raised."""
    import distributed

    try:
        result: JobResult = future.result()
        return result
    except distributed.KilledWorker:
        reason = f'the worker process died in each of {ATTEMPTS} attempts'
    except Exception as error:
        reason = f'{type(error).__name__}: {error}'
    return JobResult(job, 'failed', error=printable(f'{job.source}: {reason}'))
