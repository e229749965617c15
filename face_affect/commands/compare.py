# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect compare: what changed between two bags of results."""

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
        help='tell what changed between two bags of results',
        description='Compares results image by image. Ends with 0 if nothing changed beyond the '
        'tolerances, with 1 if something did, with 2 if a bag cannot be read.',
    )
    parser.add_argument('a', metavar='A', type=Path, help='a bag of results')
    parser.add_argument('b', metavar='B', type=Path, help='another one, of the same recording')
    parser.add_argument('--topic', help='the results, if a bag has them on several topics')
    parser.add_argument(
        '--pixels',
        type=float,
        default=4.0,
        metavar='NUMBER',
        help='by how much a side of a box may move (default: %(default)s)',
    )
    parser.add_argument(
        '--iou',
        type=float,
        default=0.8,
        metavar='NUMBER',
        help='overlap (intersection over union) from which on boxes are alike, '
        'however far a side moved (default: %(default)s)',
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.1,
        metavar='NUMBER',
        help='by how much probabilities and scores may change; labels that '
        'change within it do not count (default: %(default)s)',
    )
    parser.add_argument(
        '--unmatched',
        type=int,
        default=0,
        metavar='NUMBER',
        help='how many faces may be in one bag only (default: %(default)s); results of another '
        'processor or OpenCV differ in faces whose score is near the threshold',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.set_defaults(call=compare_bags)


def compare_bags(arguments: argparse.Namespace) -> int:
    """Run ``face-affect compare``; return the exit code."""
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
        f'made with another {name}: {one} -> {other}'
        for name, (one, other) in found.settings.items()
    ]
    lines.append('the same' if found.same else 'different')
    return '\n'.join(lines)
