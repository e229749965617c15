# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Many recordings: on all cores of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
import glob
import multiprocessing
from pathlib import Path
import signal
from types import FrameType

from face_affect.bags.batch.job import Job, JobResult, Options
from face_affect.bags.batch.processing import process_bag
from face_affect.bags.recordings.bag_reader import is_bag, RecordingError
from face_affect.core.text import printable
from face_affect.extras import needs
from face_affect.signals import follow, SIGNALS

VIDEOS = {'.avi', '.gif', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.ogv', '.webm', '.wmv'}
# A recording whose worker dies is given to another one; after that it is the recording's fault.
ATTEMPTS = 3
CONNECT_SECONDS = 30


def plan(inputs: Sequence[str], output: Path, options: Options) -> list[Job]:
    """Return a job for each recording that ``inputs`` name.

    One recording goes to ``output``; those of folders, patterns and lists into it, each under
    its own name and, below a folder, at its own place.

    Raises:
        RecordingError: there is no such recording, or two of the same name.

    """
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
    """Return recordings, and what their output is called."""
    path = Path(source)
    if path.is_dir() and not is_bag(path):
        found = [(each, each.relative_to(path).with_suffix('')) for each in _below(path)]
    elif path.exists():
        found = [(path, Path(path.stem))]
    else:
        paths = [Path(match) for match in sorted(glob.glob(source, recursive=True))]
        found = [(each, Path(each.stem)) for each in paths if is_recording(each)]
    if not found:
        raise RecordingError(
            f'{source}: no recording there'
            if path.exists()
            else f'{source}: no such file or folder'
        )
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
    """Tell whether ``path`` looks like a bag or a video."""
    return is_bag(path) or (path.is_file() and path.suffix.lower() in VIDEOS)


def run_local(jobs: Sequence[Job], workers: int) -> Iterator[JobResult]:
    """Do the jobs in so many processes; give each outcome as it comes.

    SIGINT and SIGTERM let the workers finish what they have with a valid bag.
    """
    left = list(jobs)
    for _ in range(ATTEMPTS):
        lost: list[Job] = []
        yield from _run_pool(left, workers, lost)
        left = lost
        if not left:
            return
    for job in left:
        yield JobResult(
            job, 'failed', error=f'{job.source}: the process that read it died, {ATTEMPTS} times'
        )


def _run_pool(jobs: Sequence[Job], workers: int, lost: list[Job]) -> Iterator[JobResult]:
    # spawn: threads of this process, such as the progress bar's, would not survive a fork.
    context = multiprocessing.get_context('spawn')
    stop = context.Event()
    waiting = list(reversed(jobs))
    running: dict[Future[JobResult], Job] = {}
    others = set(multiprocessing.active_children())
    with _interruptible(), ProcessPoolExecutor(workers, context, follow, (stop,)) as pool:
        try:
            while waiting or running:
                # One for each worker: what the pool has queued cannot be called back.
                while waiting and len(running) < workers and not lost:
                    job = waiting.pop()
                    try:
                        running[pool.submit(process_bag, job)] = job
                    except BrokenProcessPool:
                        lost.append(job)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost.append(job)
                    else:
                        yield future.result()
                if lost and not running:
                    lost += reversed(waiting)
                    # A broken pool sends SIGTERM to the other workers and waits for them, but
                    # they end a recording for that, no more.
                    for worker in set(multiprocessing.active_children()) - others:
                        worker.kill()
                    return
        except KeyboardInterrupt:
            stop.set()
            lost.clear()
            for future, job in running.items():
                yield JobResult(job, 'interrupted') if future.exception() else future.result()
            yield from (JobResult(job, 'interrupted') for job in reversed(waiting))
        finally:
            # Whoever asks for no more outcomes wants no more work, either.
            stop.set()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM be like Ctrl-C, and both come once only."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in handlers:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in handlers:
            signal.signal(number, interrupt)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def run_on_cluster(jobs: Sequence[Job], scheduler: str) -> Iterator[JobResult]:
    """Do the jobs on the workers of a Dask cluster; give each outcome as it comes.

    A job whose worker dies goes to another one, which skips it if it was done.

    Raises:
        MissingExtraError: distributed is not installed.
        OSError: there is no scheduler at that address.

    """
    with needs('cluster', '--scheduler'):
        import distributed
    with distributed.Client(scheduler, timeout=CONNECT_SECONDS) as client:
        futures = {client.submit(process_bag, job, pure=False): job for job in jobs}
        for future in distributed.as_completed(futures):
            try:
                yield future.result()
            # Whatever has become of the worker, the others' recordings count.
            except Exception as error:
                yield JobResult(
                    futures[future],
                    'failed',
                    error=printable(f'{futures[future].source}: {type(error).__name__}: {error}'),
                )
