# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect evaluate: accuracy of results by ground truth."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from face_affect.core.strict_json import to_json
from face_affect.extras import needs
from face_affect.outputs import file_ids, write_file


def add_evaluate(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'evaluate',
        help='evaluate results by your ground truth',
        description='Compares results with a CSV file of labelled faces (stamp, box, emotion, '
        'gender, person): recall, precision, id switches, accuracy with 95 %% confidence '
        'intervals, confusion matrices. Prints the metrics and writes them to an HTML file.',
    )
    parser.add_argument(
        'bag',
        metavar='BAG',
        type=Path,
        help='a bag of results: written by face-affect bag, or recorded from a node',
    )
    parser.add_argument(
        '--truth',
        metavar='FILE',
        type=Path,
        required=True,
        help='labelled faces as CSV with the columns stamp,x,y,width,height and optionally '
        'emotion,gender,person,ignore; see docs/evaluation.md',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        metavar='FILE',
        help='the HTML file (default: BAG_evaluation.html in this folder)',
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.01,
        metavar='SECONDS',
        help='maximum difference between the stamps of truth and result (default: %(default)s)',
    )
    parser.add_argument('--topic', help='the topic of the results, if the bag has several')
    parser.add_argument('--json', action='store_true', help='print a JSON object')
    parser.set_defaults(call=evaluate_bag)


def evaluate_bag(arguments: argparse.Namespace) -> int:
    """Run ``face-affect evaluate``; return the exit code.

    Raises:
        MissingExtraError: a package of the extras ``bags`` or ``reports`` is not installed.
        OutputError: the HTML file is an input, or cannot be written.
        ValueError: the tolerance is negative, or bag or truth cannot be used.

    """
    if not 0 <= arguments.tolerance < float('inf'):
        raise ValueError(f'--tolerance is {arguments.tolerance}, but must be 0 s or more')
    with needs('bags', 'face-affect evaluate'):
        from face_affect.bags.analysis.evaluation import evaluate
        from face_affect.bags.analysis.result_reader import read_results
        from face_affect.bags.analysis.truth import read_truth
    with needs('reports', 'face-affect evaluate'):
        from face_affect.bags.report.evaluation_page import make_evaluation_page
    truth = read_truth(arguments.truth)
    results = read_results(arguments.bag, arguments.topic)
    found = evaluate(results, truth, arguments.tolerance)
    page = make_evaluation_page(results, arguments.truth.name, found)
    output = arguments.output or Path(f'{arguments.bag.absolute().stem}_evaluation.html')
    write_file(
        output,
        page.encode(errors='backslashreplace'),
        file_ids([arguments.bag, arguments.truth]),
    )
    if arguments.json:
        print(to_json(found.as_dict(), indent=2))
    else:
        print(_text(found))
    print(f'evaluation: {output}', file=sys.stderr)
    return 0


def _text(found: Any) -> str:
    switches = (
        'not measured: the truth names no person' if found.switches is None else found.switches
    )
    lines = [
        ('labelled images', f'{found.images} with a result, {found.unmatched} without'),
        ('recall', found.recall),
        ('precision', found.precision),
        ('id switches', switches),
    ]
    for confusion in found.tasks:
        lines.append((f'{confusion.task.name} accuracy', confusion.accuracy))
        lines.append((f'{confusion.task.name} answered', confusion.answered))
    return '\n'.join(f'{name:17} {value}' for name, value in lines)
