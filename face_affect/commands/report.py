# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect report: results as an HTML file."""

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
        help='write a report of results as an HTML file',
        description='Writes a self-contained HTML file: presence of faces, emotion and gender '
        'over time, images, latency, drops, diagnostics, parameters and models.',
    )
    parser.add_argument(
        'bag',
        metavar='BAG',
        type=Path,
        help='a bag of results: written by face-affect bag, or recorded from a node',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        metavar='FILE',
        help='the HTML file (default: BAG_report.html in this folder)',
    )
    parser.add_argument(
        '--source',
        metavar='IN',
        help='the recording with images and diagnostics, if BAG has none',
    )
    parser.add_argument('--topic', help='the topic of the results, if the bag has several')
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        '--no-images', dest='images', action='store_false', help='include no images'
    )
    pictures.add_argument(
        '--blur',
        action='store_true',
        help='blur the detected faces; faces that were not detected stay recognisable',
    )
    parser.set_defaults(call=report)


def report(arguments: argparse.Namespace) -> int:
    """Run ``face-affect report``; return the exit code.

    Raises:
        MissingExtraError: a package of the extras ``bags`` or ``reports`` is not installed.
        OutputError: the HTML file is an input, or cannot be written.

    """
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
