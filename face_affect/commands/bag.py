# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect bag: recordings through the pipeline."""

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

if TYPE_CHECKING:
    from face_affect.bags.batch.job import Job, JobResult

FIRST_NOTICE, NOTICE_PERIOD = 3.0, 30.0  # seconds without a worker
EXIT_INCOMPLETE, EXIT_FAILED, EXIT_INTERRUPTED = 1, 2, 130


def add_bag(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'bag',
        help='read the faces in bags and videos; write bags of results and tables',
        description='Takes recordings through the same pipeline as the node, every image of '
        'them, and writes bags of results, each at the stamp of its image. What is finished '
        'already is skipped.',
    )
    parser.add_argument(
        'inputs',
        metavar='IN',
        nargs='+',
        help='a rosbag2 (sqlite3, MCAP), a '
        'bag of ROS 1, a video file; or a folder of these, or a glob pattern',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        required=True,
        metavar='OUT',
        help='the bag to write; with several recordings the folder for the bags',
    )
    parser.add_argument('--topic', help='the image topic (default: the first of the bag)')
    parser.add_argument('--keep', action='store_true', help="copy the recording's topics, too")
    parser.add_argument(
        '--images', action='store_true', help='write annotated pictures (JPEG), too'
    )
    parser.add_argument('--csv', action='store_true', help='write OUT/faces.csv, too')
    parser.add_argument('--parquet', action='store_true', help='write OUT/faces.parquet, too')
    parser.add_argument(
        '--storage',
        choices=('mcap', 'sqlite3'),
        default='mcap',
        help='what the bag is written as (default: %(default)s)',
    )
    parser.add_argument(
        '--pace',
        action='store_true',
        help="go at the recording's own pace (default: as fast as possible)",
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace what was made with other settings, models or input',
    )
    for declaration in declarations(DecodingSettings):
        add_option(parser, declaration)
    parser.add_argument(
        '--workers',
        type=int,
        default=0,
        metavar='N',
        help='processes for several recordings (default: one a core; 1: one recording after '
        'the other, in this process)',
    )
    parser.add_argument(
        '--scheduler',
        metavar='ADDRESS',
        help='let a Dask cluster do it: tcp://HOST:PORT; files are on a disk '
        'that all workers share',
    )
    add_pipeline_options(parser)
    parser.set_defaults(call=bag)


def bag(arguments: argparse.Namespace) -> int:
    """Run ``face-affect bag``; return the exit code."""
    with needs('bags', 'face-affect bag'):
        from face_affect.bags.batch.job import Options
        from face_affect.bags.batch.runner import plan
    if arguments.workers < 0:
        raise ValueError(f'--workers is {arguments.workers}, but must not be negative')
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
    if workers == 1 and not arguments.scheduler:
        outcomes = _run_here(jobs)
    else:
        outcomes = _run_many(jobs, workers, arguments.scheduler)
    return _exit_code(outcomes)


def _run_here(jobs: Sequence[Job]) -> list[JobResult]:
    """Do the jobs one by one, and show the progress in each."""
    from face_affect.bags.batch.runner import run_here

    outcomes: list[JobResult] = []
    with tqdm(unit='frame', file=sys.stderr, disable=None) as bar, _summary(jobs, outcomes):

        def progress(done: int, total: int, unit: str) -> None:
            bar.total, bar.unit = total or None, unit
            bar.update(done - bar.n)

        for outcome in run_here(jobs, progress):
            outcomes.append(outcome)
            _report(outcome, bar)
            bar.reset()
    return outcomes


def _run_many(jobs: Sequence[Job], workers: int, scheduler: str | None) -> list[JobResult]:
    """Do the jobs in processes or on a cluster, and show how many are done."""
    from face_affect.bags.batch.runner import CONNECT_SECONDS, run_local, run_on_cluster

    outcomes: list[JobResult] = []
    with (
        tqdm(total=len(jobs), unit='bag', file=sys.stderr, disable=None) as bar,
        _summary(jobs, outcomes),
    ):
        watch = _WorkerDisplay(bar, scheduler)
        if scheduler:
            bar.write(
                f'face-affect: connecting to scheduler {scheduler}, {CONNECT_SECONDS} s at most',
                file=sys.stderr,
            )
        running = (
            run_on_cluster(jobs, scheduler, watch)
            if scheduler
            else run_local(jobs, workers, watch)
        )
        for outcome in running:
            outcomes.append(outcome)
            _report(outcome, bar)
            bar.update()
    return outcomes


class _WorkerDisplay:
    """Shows how many workers there are; says what is waited for if there is none."""

    def __init__(self, bar: Any, scheduler: str | None) -> None:
        """Show it in ``bar``."""
        self._bar = bar
        self._where = f'scheduler {scheduler}' if scheduler else 'this machine'
        self._next_notice = FIRST_NOTICE

    def __call__(self, count: int, waiting: float) -> None:
        """Take the number of workers, and the seconds for which there has been none."""
        self._bar.set_postfix_str(f'{count} worker{"s" * (count != 1)}')
        if not waiting:
            self._next_notice = FIRST_NOTICE
        elif waiting >= self._next_notice:
            self._next_notice = waiting + NOTICE_PERIOD
            self._bar.write(
                f'face-affect: waiting for workers: {self._where} has none '
                f'({self._bar.n} of {self._bar.total} recordings done); start some with '
                '`dask worker ADDRESS`, or end with Ctrl-C',
                file=sys.stderr,
            )


@contextmanager
def _summary(jobs: Sequence[Job], outcomes: Sequence[JobResult]) -> Iterator[None]:
    """Print at the end what came of several jobs."""
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
    """Say what came of a recording."""
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
        lines.append(f'face-affect: error: {outcome.error}; what came before is in the output')
    lines += [f'face-affect: note: {note}' for note in outcome.notes]
    for line in lines:
        bar.write(line, file=sys.stderr)


def _exit_code(outcomes: Sequence[JobResult]) -> int:
    states = {outcome.state for outcome in outcomes}
    if 'interrupted' in states:
        return EXIT_INTERRUPTED
    if states == {'failed'}:
        return EXIT_FAILED
    fruitless = any(outcome.frames and not outcome.results for outcome in outcomes)
    return EXIT_INCOMPLETE if fruitless or states & {'failed', 'partial'} else 0
