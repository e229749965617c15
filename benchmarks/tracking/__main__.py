# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluate tracking on synthetic scenes of real faces with known ground truth.

    python -m benchmarks.tracking                             # a simulated detector
    python -m benchmarks.tracking --detector face_detector    # a real one, whole pipeline

This measures accuracy, not speed. People cut out of the demo bag walk in front of a room along
random paths (--seeds of them for each scenario and rate). A simulated detector has jitter, misses
and false positives; a real one processes the rendered images. Prints a table by scenario: faces
(ground truth, visible, summed over frames), ID switches by rate, transfers (an id is assigned to
another face), fragmentations, MOTA, IDF1 and the mean IoU of hits.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import asdict
import itertools
from pathlib import Path
import sys
from typing import Any

import cv2
from tqdm import tqdm

from benchmarks.tracking.metrics import compare, Figures, summary
from benchmarks.tracking.people import demo_people, people_of
from benchmarks.tracking.pictures import Image, sheet, strip, timeline
from benchmarks.tracking.runs import Pictures, SHRINK, track_real, track_simulated
from benchmarks.tracking.scenarios import make_scene, SCENARIOS
from face_affect.core.models import ModelError
from face_affect.core.strict_json import nan_as_none, to_json
from support import markdown
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes

SIMULATED = 'simulated'
SHOWN_RATE = 15.0


def arguments_of() -> argparse.Namespace:
    """Parse the command line."""
    parser = module_parser('benchmarks.tracking', __doc__)
    parser.add_argument(
        '--detector',
        default=SIMULATED,
        help='name of a model, or simulated (default: %(default)s)',
    )
    parser.add_argument(
        '--scenarios',
        nargs='+',
        choices=list(SCENARIOS),
        metavar='NAME',
        default=list(SCENARIOS),
        help=f'scenarios, of {", ".join(SCENARIOS)} (default: all)',
    )
    parser.add_argument(
        '--seeds',
        type=int,
        default=5,
        help='number of scenes of each scenario (default: %(default)s)',
    )
    parser.add_argument(
        '--first-seed',
        type=int,
        default=100,
        help='seed of the first scene (default: %(default)s)',
    )
    parser.add_argument(
        '--rates',
        nargs='+',
        type=float,
        default=[5.0, 15.0, 30.0],
        help='image rates in Hz (default: 5 15 30)',
    )
    parser.add_argument(
        '--data', type=Path, help='an npz of face scenes with the people (default: the demo bag)'
    )
    parser.add_argument('--json', type=Path, help='also write the metrics to this file')
    parser.add_argument(
        '--pictures',
        type=Path,
        metavar='FOLDER',
        help='write frames.jpg and timelines.png of the first scene of each scenario',
    )
    return parser.parse_args()


def measure_tracking(arguments: argparse.Namespace) -> dict[str, dict[str, Figures]]:
    """Return the metrics by scenario ('all' last) and rate (and 'all').

    Raises:
        ModelError: the detector cannot be used.
        DatasetError: the data are not a set of scenes.

    """
    people = people_of(load_scenes(arguments.data)) if arguments.data else demo_people()
    events: dict[tuple[str, str], list[Any]] = defaultdict(list)
    strips, timelines = list[Image](), list[Image]()
    scenes = list(itertools.product(arguments.scenarios, range(arguments.seeds)))
    for name, number in tqdm(scenes, disable=None, unit='scene'):
        seed = arguments.first_seed + number
        scene = make_scene(name, seed, people)
        simulated = arguments.detector == SIMULATED
        pictures = Pictures(scene, SHRINK if simulated else 1)
        for rate in arguments.rates:
            truth = scene.frames(rate)
            tracked = (
                track_simulated(truth, pictures, rate, seed)
                if simulated
                else track_real(truth, pictures, arguments.detector)
            )
            found = compare(truth, tracked)
            for key in itertools.product((name, 'all'), (f'{rate:g}', 'all')):
                events[key].append(found)
            if arguments.pictures and not number and rate == SHOWN_RATE:
                strips.append(strip(truth, tracked, pictures))
                timelines.append(timeline(name, truth, tracked))
    if strips:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(arguments.pictures / 'frames.jpg'), sheet(strips, 1))
        cv2.imwrite(str(arguments.pictures / 'timelines.png'), sheet(timelines, 2))
    figures: dict[str, dict[str, Figures]] = defaultdict(dict)
    for (name, rate), found in events.items():
        figures[name][rate] = summary(found)
    return {name: figures[name] for name in (*arguments.scenarios, 'all')}


def table(figures: dict[str, dict[str, Figures]], rates: list[float]) -> str:
    """Return the metrics as a Markdown table."""
    at = [f'{rate:g} Hz' for rate in rates]
    last = ('transfers', 'fragmentations', 'MOTA', 'IDF1', 'IoU')
    rows = (
        (
            name,
            f'{one.faces}',
            f'{one.switches}',
            *(f'{by_rate[f"{rate:g}"].switches}' for rate in rates),
            f'{one.transfers}',
            f'{one.fragmentations}',
            f'{one.mota:.3f}',
            f'{one.idf1:.3f}',
            f'{one.motp:.2f}',
        )
        for name, by_rate in figures.items()
        for one in [by_rate['all']]
    )
    return markdown.table(('scenario', 'faces', 'ID switches', *at, *last), rows, texts=1)


def main() -> int:
    """Run the command line; return the exit code, 1 after an error."""
    arguments = arguments_of()
    try:
        figures = measure_tracking(arguments)
    except (DatasetError, ModelError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(table(figures, arguments.rates))
    if arguments.json:
        values = {
            name: {rate: asdict(one) for rate, one in by_rate.items()}
            for name, by_rate in figures.items()
        }
        arguments.json.write_text(to_json(nan_as_none(values), indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
