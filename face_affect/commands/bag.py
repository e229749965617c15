# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect bag: processing of recordings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import sys
import time
from typing import Any, TYPE_CHECKING

from tqdm import tqdm

from face_affect.commands.pipeline_options import (
    add_option,
    add_pipeline_options,
    models_of,
    settings_of,
)
from face_affect.core.images import DecodingSettings
from face_affect.core.parameters import declarations, from_values
from face_affect.extras import needs
from face_affect.signals import StopSignal

if TYPE_CHECKING:
    from face_affect.bags.batch.job import Job, JobResult

FIRST_NOTICE, NOTICE_PERIOD = 3.0, 30.0  # seconds without workers
EXIT_INCOMPLETE, EXIT_FAILED = 1, 2
INCOMPLETE = {'failed', 'interrupted', 'partial'}


def add_bag(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'bag',
        help='process bags and videos; write bags of results and tables',
        description='Processes every image of recordings with the pipeline of the node, and '
        'writes bags of results, each with the stamp of its image. Recordings that are complete '
        'already are skipped.',
    )
    parser.add_argument(
        'inputs',
        metavar='IN',
        nargs='+',
        help='a rosbag2 (sqlite3, MCAP), a ROS 1 bag or a video file; a folder of these, or a '
        'glob pattern',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        required=True,
        metavar='OUT',
        help='the bag to write; with several recordings, the folder of the bags',
    )
    parser.add_argument('--topic', help='the image topic (default: the first one in the bag)')
    parser.add_argument('--keep', action='store_true', help="also copy the recording's topics")
    parser.add_argument('--images', action='store_true', help='also write annotated images (JPEG)')
    parser.add_argument('--csv', action='store_true', help='also write OUT/faces.csv')
    parser.add_argument('--parquet', action='store_true', help='also write OUT/faces.parquet')
    parser.add_argument(
        '--storage',
        choices=('mcap', 'sqlite3'),
        default='mcap',
        help='storage format of the written bag (default: %(default)s)',
    )
    parser.add_argument(
        '--pace',
        action='store_true',
        help='process images at the rate of the recording (default: as fast as possible)',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace outputs of other settings, models or inputs',
    )
    for declaration in declarations(DecodingSettings):
        add_option(parser, declaration)
    parser.add_argument(
        '--workers',
        type=int,
        default=0,
        metavar='N',
        help='number of processes for several recordings (default: one per core; 1: sequential, '
        'in this process)',
    )
    parser.add_argument(
        '--scheduler',
        metavar='ADDRESS',
        help='process on the Dask cluster of this scheduler, tcp://HOST:PORT; files must be on a '
        'file system that all workers share',
    )
    add_pipeline_options(parser)
    parser.set_defaults(call=bag)


def bag(arguments: argparse.Namespace) -> int:
    """Run ``face-affect bag``; return the exit code.

    Raises:
        MissingExtraError: a package of the extra ``bags`` is not installed.
        ValueError: an option is out of range.

    """
    with needs('bags', 'face-affect bag'):
        from face_affect.bags.batch.job import Options
        from face_affect.bags.batch.runner import plan
    if arguments.workers < 0:
        raise ValueError(f'--workers is {arguments.workers}, but must be 0 or more')
    tables = tuple(name for name in ('csv', 'parquet') if getattr(arguments, name))
    options = Options(
        settings_of(arguments),
        models_of(arguments),
        arguments.topic,
        arguments.keep,
        arguments.images,
        tables,
        arguments.storage,
        arguments.pace,
        arguments.overwrite,
        from_values(DecodingSettings, vars(arguments)).max_image_pixels,
    )
    jobs = plan(arguments.inputs, arguments.output, options)
    workers = min(arguments.workers or len(os.sched_getaffinity(0)), len(jobs))
    stop = StopSignal()
    if workers == 1 and not arguments.scheduler:
        outcomes = _run_here(jobs, stop)
    else:
        outcomes = _run_many(jobs, workers, arguments.scheduler, stop)
    return stop.exit_code or _exit_code(outcomes)


def _run_here(jobs: Sequence[Job], stop: StopSignal) -> list[JobResult]:
    """Run the jobs sequentially, with the progress in frames."""
    from face_affect.bags.batch.runner import run_here

    outcomes: list[JobResult] = []
    with tqdm(unit='frame', file=sys.stderr, disable=None) as bar, _summary(jobs, outcomes):

        def progress(done: int, total: int, unit: str) -> None:
            bar.total, bar.unit = total or None, unit
            bar.update(done - bar.n)

        for outcome in run_here(jobs, stop, progress):
            outcomes.append(outcome)
            _report(outcome, bar)
            bar.reset()
    return outcomes


def _run_many(
    jobs: Sequence[Job], workers: int, scheduler: str | None, stop: StopSignal
) -> list[JobResult]:
    """Run the jobs in processes or on a cluster, with the progress in recordings."""
    from face_affect.bags.batch.runner import CONNECT_SECONDS, run_local, run_on_cluster

    outcomes: list[JobResult] = []
    with (
        tqdm(total=len(jobs), unit='bag', file=sys.stderr, disable=None) as bar,
        _summary(jobs, outcomes),
    ):
        watch = _WorkerDisplay(bar, scheduler)
        if scheduler:
            bar.write(
                f'face-affect: connecting to scheduler {scheduler}, timeout {CONNECT_SECONDS} s',
                file=sys.stderr,
            )
        running = (
            run_on_cluster(jobs, scheduler, stop, watch)
            if scheduler
            else run_local(jobs, workers, stop, watch)
        )
        for outcome in running:
            outcomes.append(outcome)
            _report(outcome, bar)
            bar.update()
    return outcomes


class _WorkerDisplay:
    """Shows the number of workers; warns while there are none."""

    def __init__(self, bar: Any, scheduler: str | None) -> None:
        """Show the number in ``bar``."""
        self._bar = bar
        self._where = f'scheduler {scheduler}' if scheduler else 'this machine'
        self._next_notice = FIRST_NOTICE

    def __call__(self, count: int, waiting: float) -> None:
        """Update the number of workers, and the seconds since there was one."""
        self._bar.set_postfix_str(f'{count} worker{"s" * (count != 1)}')
        if not waiting:
            self._next_notice = FIRST_NOTICE
        elif waiting >= self._next_notice:
            self._next_notice = waiting + NOTICE_PERIOD
            self._bar.write(
                f'face-affect: waiting for workers: {self._where} has none '
                f'({self._bar.n} of {self._bar.total} recordings done); start some with '
                '`dask worker ADDRESS`, or stop with Ctrl-C',
                file=sys.stderr,
            )


@contextmanager
def _summary(jobs: Sequence[Job], outcomes: Sequence[JobResult]) -> Iterator[None]:
    """Print totals and throughput of several jobs at the end of the block."""
    start = time.monotonic()
    yield
    if len(jobs) > 1:
        frames = sum(each.frames for each in outcomes if each.state != 'skipped')
        seconds = time.monotonic() - start
        print(
            f'{len(outcomes)} of {len(jobs)} recordings, {frames} frames in '
            f'{seconds:.1f} s, {frames / seconds:.0f} frames/s',
            file=sys.stderr,
        )


def _report(outcome: JobResult, bar: Any = tqdm) -> None:
    """Print the outcome of a recording."""
    where = f'{outcome.job.source} -> {outcome.job.output}'
    drops = ', '.join(f'{count} {reason}' for reason, count in outcome.dropped.items()) or 'none'
    rate = f', {outcome.frames / outcome.elapsed:.0f} frames/s' if outcome.state == 'done' else ''
    lines = [
        f'{where}: {outcome.state}, {outcome.frames} frames, {outcome.results} results, '
        f'dropped: {drops}{rate}'
    ]
    if outcome.state == 'failed':
        lines = [f'face-affect: error: {outcome.error}']
    elif outcome.error:
        lines.append(f'face-affect: error: {outcome.error}; earlier results are in the output')
    lines += [f'face-affect: note: {note}' for note in outcome.notes]
    for line in lines:
        bar.write(line, file=sys.stderr)


def _exit_code(outcomes: Sequence[JobResult]) -> int:
    states = {outcome.state for outcome in outcomes}
    if states == {'failed'}:
        return EXIT_FAILED
    without_results = any(outcome.frames and not outcome.results for outcome in outcomes)
    return EXIT_INCOMPLETE if without_results or states & INCOMPLETE else 0
