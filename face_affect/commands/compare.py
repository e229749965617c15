# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect compare: differences between two bags of results."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from face_affect.core.strict_json import to_json
from face_affect.extras import needs

EXIT_SAME, EXIT_DIFFERENT = 0, 1


def add_compare(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'compare',
        help='compare two bags of results',
        description='Compares results image by image. Exit code 0 if all differences are within '
        'the tolerances, 1 if not, 2 if a bag cannot be read.',
    )
    parser.add_argument('a', metavar='A', type=Path, help='a bag of results')
    parser.add_argument(
        'b', metavar='B', type=Path, help='a second bag of results, of the same recording'
    )
    parser.add_argument('--topic', help='the topic of the results, if a bag has several')
    parser.add_argument(
        '--pixels',
        type=float,
        default=4.0,
        metavar='NUMBER',
        help='maximum shift of a side of a box in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--iou',
        type=float,
        default=0.8,
        metavar='NUMBER',
        help='minimum IoU of boxes that count as equal regardless of --pixels '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.1,
        metavar='NUMBER',
        help='maximum change of probabilities and scores; changes of labels within it are ignored '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--unmatched',
        type=int,
        default=0,
        metavar='NUMBER',
        help='maximum number of faces in only one of the bags (default: %(default)s); between '
        'processors or versions of OpenCV, faces with a score near the threshold differ',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.set_defaults(call=compare_bags)


def compare_bags(arguments: argparse.Namespace) -> int:
    """Run ``face-affect compare``; return the exit code.

    Raises:
        MissingExtraError: a package of the extra ``bags`` is not installed.
        ValueError: a tolerance is out of range, or a bag cannot be read.

    """
    with needs('bags', 'face-affect compare'):
        from face_affect.bags.analysis.comparison import compare, Tolerances
        from face_affect.bags.analysis.result_reader import read_results
    tolerances = Tolerances(
        arguments.pixels, arguments.iou, arguments.tolerance, arguments.unmatched
    )
    found = compare(
        read_results(arguments.a, arguments.topic),
        read_results(arguments.b, arguments.topic),
        tolerances,
    )
    if arguments.json:
        values = {
            'a': str(arguments.a),
            'b': str(arguments.b),
            'tolerances': vars(tolerances),
            **found.as_dict(),
        }
        print(to_json(values, indent=2))
    else:
        print(_table(found))
    return EXIT_SAME if found.same else EXIT_DIFFERENT


def _table(found: Any) -> str:
    from face_affect.bags.analysis.comparison import KINDS

    lines = [f'{found.frames} images and {found.faces} faces in both']
    for kind, change in found.changes.items():
        worst = f'{change.worst:8.3f}' if change.worst else ' ' * 8
        lines.append(f'  {change.count:6} {worst}  {KINDS[kind]}')
        lines += [f'{"":18} {example}' for example in change.examples]
        if change.count > len(change.examples):
            lines.append(f'{"":18} …')
    renamed = ', '.join(f'#{a} is #{b}' for a, b in found.renamed.items() if a != b)
    if renamed:
        lines.append(f'renamed in B: {renamed}')
    lines += [
        f'different {name}: {one} -> {other}' for name, (one, other) in found.settings.items()
    ]
    lines.append('the same' if found.same else 'different')
    return '\n'.join(lines)
