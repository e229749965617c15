# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Benchmark the package and its peers (`make bench`).

    python -m benchmarks.run                  # all; about fifteen minutes
    python -m benchmarks.run --only core --seconds 1
    python -m benchmarks.run --check          # compare with the baseline, warn if slower

All times are medians on one core with one thread. Tables are printed and written to bench.md,
numbers to bench.json and charts to bench.png in the output folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
import json
import os
from pathlib import Path
import platform
import sys
import tempfile
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks import charts
from benchmarks.detection_widths import time_widths, WIDTHS
from benchmarks.machine import processor
from benchmarks.networks import int8_rate, time_networks
from benchmarks.peers import HAAR, Peer, PeerError, PEERS
from benchmarks.ros_latency import LatencyResult, measure_latency, standard_cases
from benchmarks.scenes import crowd
from benchmarks.stages import time_stages, time_starts
from face_affect.core.strict_json import nan_as_none, to_json
from support import markdown
from support.command_line import module_parser
from support.ros_domain import free_domain

BASELINE = Path(__file__).parent / 'baseline.json'
# The peer with the smallest installation; for the baseline it is compared with the whole core.
BASELINE_PEER = replace(HAAR, detector_alone=False)
ENVIRONMENTS = Path(os.environ.get('FACE_AFFECT_BUILD_ROOT', '.')) / 'build' / 'peers'
FACES = (0, 1, 4, 16)
SIZES = ((640, 480), (1280, 720))
WIDTH_FACES = (0, 1, 4)
CURVE_FACES = (0, 1, 2, 4, 8, 16)
CURVE_SIZES = ((320, 240), (640, 480), (960, 720), (1280, 960), (1920, 1440))
STAGES = ('decode JPEG', *charts.SHOWN, 'core', 'in all', 'annotate')
SLOWER = 1.2  # ratio to the baseline above which there is a warning
CHECK_SECONDS = 5.0  # per scene
PARTS = ('core', 'widths', 'curves', 'networks', 'start', 'peers', 'ros')

Row = dict[str, Any]


def scene_name(faces: int, width: int, height: int) -> str:
    """Return the title of a scene in tables and files."""
    return f'{width}x{height}, {faces} face' + 's' * (faces != 1)


def measure_core(seconds: float) -> list[Row]:
    """Return a row for each scene and stage: median and 99th percentile in milliseconds."""
    rows = []
    for width, height in SIZES:
        for faces in tqdm(FACES, f'stages {width}x{height}', disable=None, leave=False):
            times, found = time_stages(crowd(faces, width, height), seconds)
            rows += [
                {
                    'scene': scene_name(faces, width, height),
                    'faces': faces,
                    'found': found,
                    'stage': stage,
                    'median_ms': np.median(times[stage]) * 1e3,
                    'p99_ms': np.percentile(times[stage], 99) * 1e3,
                }
                for stage in STAGES
                if stage in times
            ]
    return rows


def measure_widths(seconds: float) -> list[Row]:
    """Return a row for each scene and detection_width: CPU time of the core, and its ratio.

    The ratio is to the median at the default width, the first of WIDTHS, in the same run.
    """
    rows = []
    for faces in tqdm(WIDTH_FACES, 'widths', disable=None, leave=False):
        times = time_widths(crowd(faces), seconds)
        medians = {width: float(np.median(samples)) for width, samples in times.items()}
        rows += [
            {
                'scene': scene_name(faces, 640, 480),
                'detection_width': width,
                'median_ms': medians[width] * 1e3,
                'p99_ms': np.percentile(times[width], 99) * 1e3,
                'ratio': medians[width] / medians[WIDTHS[0]],
            }
            for width in WIDTHS
        ]
    return rows


def measure_curves(seconds: float) -> list[Row]:
    """Return the median time of the core by number of faces, and by image size."""
    scenes = [(faces, 640, 480) for faces in CURVE_FACES]
    scenes += [(1, width, height) for width, height in CURVE_SIZES]
    return [
        {
            'faces': faces,
            'width': width,
            'height': height,
            'median_ms': np.median(time_stages(crowd(faces, width, height), seconds)[0]['core'])
            * 1e3,
        }
        for faces, width, height in tqdm(scenes, 'curves', disable=None, leave=False)
    ]


def measure_peers(seconds: float, peers: Iterable[Peer] = PEERS) -> list[Row]:
    """Return the median times of each peer and of face_affect by scene.

    The own time is measured before and after the peer. A peer that only detects faces is compared
    with the detector, others with the core.
    """
    scenes = {scene_name(faces, 640, 480): crowd(faces) for faces in (1, 4)}
    rows = []
    for peer in tqdm(list(peers), 'peers', disable=None, leave=False):
        stage = 'detect' if peer.detector_alone else 'core'
        ours = {name: time_stages(image, seconds / 2)[0][stage] for name, image in scenes.items()}
        theirs = peer.time(scenes, seconds, ENVIRONMENTS)
        for name, image in scenes.items():
            own = float(np.median(ours[name] + time_stages(image, seconds / 2)[0][stage]))
            rows.append(
                {
                    'peer': peer.name,
                    'scene': name,
                    'faces_found': theirs[name].faces,
                    'peer_ms': theirs[name].median * 1e3,
                    'own_ms': own * 1e3,
                    'ratio': theirs[name].median / own,
                }
            )
    return rows


def measure_networks(seconds: float) -> list[Row]:
    """Return the time of each int8 network, and its lower bound by the machine's throughput."""
    rate = int8_rate(seconds)
    return [
        {
            'network': name,
            'parameters': row['parameters'],
            'macs': row['macs'],
            'median_ms': row['seconds'] * 1e3,
            'floor_ms': row['macs'] / rate * 1e3,
            'rate_gmacs': rate / 1e9,
        }
        for name, row in time_networks(seconds).items()
    ]


def measure_start() -> list[Row]:
    """Return time and peak memory from the start of a process to the first result."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / 'picture.npy'
        np.save(picture, crowd(1))
        return [dict(time_starts(str(picture)))]


def measure_ros(seconds: float) -> list[Row]:
    """Return a row for each standard case."""
    return [
        _ros_row(measure_latency(case, seconds, free_domain()))
        for case in tqdm(standard_cases(), 'ROS', disable=None, leave=False)
    ]


def _ros_row(outcome: LatencyResult) -> Row:
    median, high = np.percentile(outcome.latencies or [np.nan], (50, 99)) * 1e3
    return {
        'case': outcome.case.name,
        **asdict(outcome.case),
        'p50_ms': median,
        'p99_ms': high,
        'sent': outcome.sent,
        'processed': outcome.processed,
        'lost': outcome.lost,
        'dropped': outcome.received - outcome.processed,
        'cpu': outcome.cpu,
        'memory_mb': outcome.memory / 1e6,
        'first_s': outcome.first,
    }


def use_one_core() -> None:
    """Restrict this process and its children to one core, and OpenCV to one thread."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


def machine() -> dict[str, str]:
    """Return processor and versions of Python, numpy and OpenCV."""
    return {
        'processor': processor(),
        'python': platform.python_version(),
        'numpy': np.__version__,
        'opencv': cv2.__version__,
    }


def compare_with_baseline() -> list[Row]:
    """Return a row for each scene with the ratio to a peer, now and in the baseline."""
    known = json.loads(BASELINE.read_text())
    return [
        {**row, 'baseline': known[row['scene']], 'slower': known[row['scene']] / row['ratio']}
        for row in measure_peers(CHECK_SECONDS, [BASELINE_PEER])
    ]


def print_check() -> None:
    """Print the comparison with the baseline, and a warning for each slower scene."""
    use_one_core()
    rows = compare_with_baseline()
    print(
        table(
            rows,
            {
                'scene': 'scene',
                'peer_ms': 'peer, ms',
                'own_ms': 'face_affect, ms',
                'ratio': 'ratio',
                'baseline': 'baseline',
                'slower': 'slower by',
            },
        )
    )
    for row in rows:
        if row['slower'] > SLOWER:
            print(
                f'WARNING: {row["scene"]} takes {row["slower"]:.2f} times as long as in the '
                f'baseline, but may take {SLOWER:g} times; find the cause, or run --set-baseline',
                file=sys.stderr,
            )


def set_baseline() -> None:
    """Measure and store the baseline for --check."""
    use_one_core()
    rows = measure_peers(CHECK_SECONDS, [BASELINE_PEER])
    ratios = {row['scene']: round(row['ratio'], 2) for row in rows}
    BASELINE.write_text(to_json(ratios, indent=2) + '\n')


def write(results: dict[str, list[Row]], output: Path) -> str:
    """Write tables, numbers and charts into folder ``output``; return the tables as Markdown."""
    output.mkdir(parents=True, exist_ok=True)
    text = report(results, machine())
    figures = nan_as_none({'machine': machine(), **results})
    (output / 'bench.json').write_text(to_json(figures, indent=1))
    (output / 'bench.md').write_text(text)
    charts.draw(results, output / 'bench.png')
    return text


def table(rows: list[Row], columns: dict[str, str]) -> str:
    """Return ``rows`` as a Markdown table; ``columns`` maps keys to headings."""

    def cell(value: Any) -> str:
        return f'{value:.3g}' if isinstance(value, float) else str(value)

    cells = ([cell(row.get(key, '')) for key in columns] for row in rows)
    return markdown.table(list(columns.values()), cells)


def scene_table(rows: list[Row], key: str, heading: str, order: Sequence[Any]) -> str:
    """Return a table with values of ``key`` as rows, in ``order``, and scenes as columns.

    Cells are median (99th percentile) in milliseconds, and the ratio if there is one.
    """
    scenes = list(dict.fromkeys(row['scene'] for row in rows))
    lines: dict[Any, Row] = {value: {heading: value} for value in order}
    for row in rows:
        cell = f'{row["median_ms"]:.3f} ({row["p99_ms"]:.2f})'
        if 'ratio' in row:
            cell += f', ratio {row["ratio"]:.2f}'
        lines[row[key]][row['scene']] = cell
    return table(list(lines.values()), {name: name for name in (heading, *scenes)})


def report(results: dict[str, list[Row]], about: dict[str, str]) -> str:
    """Return all results as Markdown."""
    formats: dict[str, tuple[str, Callable[[list[Row]], str]]] = {
        'core': (
            'Stages, median (99th percentile), milliseconds',
            lambda rows: scene_table(rows, 'stage', 'ms', STAGES),
        ),
        'widths': (
            'Core by detection_width, median (99th percentile), milliseconds of CPU time; '
            f'ratio to {WIDTHS[0]}, the default',
            lambda rows: scene_table(rows, 'detection_width', 'detection_width', WIDTHS),
        ),
        'curves': (
            'Core by number of faces and image size',
            lambda rows: table(
                rows, {'width': 'width', 'height': 'height', 'faces': 'faces', 'median_ms': 'ms'}
            ),
        ),
        'networks': (
            'Networks and their lower bound',
            lambda rows: table(
                rows,
                {
                    'network': 'network',
                    'parameters': 'parameters',
                    'macs': 'MACs',
                    'median_ms': 'ms',
                    'floor_ms': 'lower bound, ms',
                    'rate_gmacs': 'GMAC/s of this machine',
                },
            ),
        ),
        'start': (
            'From the start of Python to the first result',
            lambda rows: table(rows, {'seconds': 's', 'memory': 'peak memory, bytes'}),
        ),
        'peers': (
            'Peers in the same run',
            lambda rows: table(
                rows,
                {
                    'peer': 'peer',
                    'scene': 'scene',
                    'faces_found': 'faces detected by the peer',
                    'peer_ms': 'peer, ms',
                    'own_ms': 'face_affect, ms',
                    'ratio': 'ratio',
                },
            ),
        ),
        'ros': (
            'Over ROS: camera stamp to result received',
            lambda rows: table(
                rows,
                {
                    'case': 'case',
                    'p50_ms': 'p50, ms',
                    'p99_ms': 'p99, ms',
                    'sent': 'sent',
                    'processed': 'processed',
                    'dropped': 'dropped',
                    'lost': 'lost',
                    'cpu': 'node CPU',
                    'memory_mb': 'memory, MB',
                    'first_s': 'first result, s',
                },
            ),
        ),
    }
    head = ', '.join(f'{key} {value}' for key, value in about.items())
    parts = [
        f'## {formats[name][0]}\n\n{formats[name][1](rows)}' for name, rows in results.items()
    ]
    return '\n\n'.join([f'# Benchmark\n\n{head}; one core, one thread.', *parts]) + '\n'


def run(only: list[str], seconds: float, ros_seconds: float) -> dict[str, list[Row]]:
    """Measure the parts named in ``only``."""
    measures: dict[str, Callable[[], list[Row]]] = {
        'ros': lambda: measure_ros(ros_seconds),  # first, before the restriction to one core
        'core': lambda: measure_core(seconds),
        'widths': lambda: measure_widths(seconds),
        'curves': lambda: measure_curves(seconds),
        'networks': lambda: measure_networks(seconds),
        'start': measure_start,
        'peers': lambda: measure_peers(seconds),
    }
    results = {}
    for name, part in measures.items():
        if name in only:
            if name != 'ros':
                use_one_core()
            results[name] = part()
    return {name: results[name] for name in PARTS if name in results}


def main() -> int:
    """Run the command line; return the exit code, 1 after an error."""
    parser = module_parser('benchmarks.run', __doc__)
    parser.add_argument(
        '--only', nargs='+', choices=PARTS, default=list(PARTS), help='measure these parts only'
    )
    parser.add_argument(
        '--seconds', type=float, default=3.0, help='seconds per scene (default: %(default)s)'
    )
    parser.add_argument(
        '--ros-seconds',
        type=float,
        default=10.0,
        help='seconds per case over ROS (default: %(default)s)',
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('bench_output'),
        help='the folder for tables, numbers and charts (default: %(default)s)',
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='only compare with the baseline: '
        f'warn if more than {100 * (SLOWER - 1):.0f} %% slower, relative to a peer',
    )
    parser.add_argument(
        '--set-baseline',
        action='store_true',
        help='measure and store the baseline for --check',
    )
    arguments = parser.parse_args()
    try:
        if arguments.check:
            print_check()
        elif arguments.set_baseline:
            set_baseline()
        else:
            results = run(arguments.only, arguments.seconds, arguments.ros_seconds)
            print(write(results, arguments.output))
    except (PeerError, TimeoutError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
