# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect report: results to look at."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from face_affect.extras import needs
from face_affect.outputs import file_ids, write_file


def add_report(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'report',
        help='show results as one HTML file',
        description='Writes one HTML file that needs nothing else: who was there when, emotion '
        'and gender over time, pictures, latency, drops, diagnostics, parameters and models.',
    )
    parser.add_argument(
        'bag',
        metavar='BAG',
        type=Path,
        help='a bag of results: of face-affect bag, or recorded from a node',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        metavar='FILE',
        help='where the report goes (default: BAG_report.html in this folder)',
    )
    parser.add_argument(
        '--source',
        metavar='IN',
        help='the recording that pictures and diagnostics are taken from, if BAG has none',
    )
    parser.add_argument('--topic', help='the results, if the bag has them on several topics')
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        '--no-images', dest='images', action='store_false', help='show no pictures'
    )
    pictures.add_argument(
        '--blur',
        action='store_true',
        help='make the faces that were found unrecognisable; one that was not found stays visible',
    )
    parser.set_defaults(call=report)


def report(arguments: argparse.Namespace) -> int:
    """Run ``face-affect report``; return the exit code."""
    with needs('bags', 'face-affect report'):
        import rosbags  # noqa: F401
    with needs('reports', 'face-affect report'):
        from face_affect.bags.report.page import make_report
    output = arguments.output or Path(f'{arguments.bag.absolute().stem}_report.html')
    page = make_report(
        arguments.bag, arguments.source, arguments.topic, arguments.images, arguments.blur
    )
    sources = [arguments.bag, *([Path(arguments.source)] if arguments.source else [])]
    write_file(output, page.encode(errors='backslashreplace'), file_ids(sources))
    print(f'report: {output}', file=sys.stderr)
    return 0
