# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Options of a benchmark for a figure and a file of its outcomes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from face_affect.core.strict_json import to_json

T = TypeVar('T')


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options --picture and --json."""
    parser.add_argument('--picture', type=Path, metavar='PNG', help='plot the curve')
    parser.add_argument('--json', type=Path, help='also write the results to this file')


def write_outcomes(
    outcomes: Sequence[T],
    plot: Callable[[Sequence[T], Path], None],
    arguments: argparse.Namespace,
) -> None:
    """Write the dataclasses ``outcomes`` to the files that ``arguments`` name.

    Raises:
        OSError: a file cannot be written.

    """
    if arguments.picture:
        plot(outcomes, arguments.picture)
    if arguments.json:
        arguments.json.write_text(to_json([vars(one) for one in outcomes], indent=2) + '\n')
