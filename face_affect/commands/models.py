# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect models: size, speed and accuracy of the networks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import statistics
import sys
import time
from typing import Any

import numpy as np

from face_affect.core.models import (
    available_models,
    DETECTION,
    ModelError,
    models_folder,
    Sidecar,
)
from face_affect.core.parameters import nearest
from face_affect.core.runtime import Network
from face_affect.core.strict_json import to_json
from face_affect.core.text import printable

EXIT_BROKEN = 1
# In the source tree, the names of the models that are installed; absent in an installation
INSTALLED_LIST = 'installed.txt'
VALIDATION = 'validation'
WARM_UP, RUNS = 10, 100  # runs before the measurement, measured runs


@dataclass(frozen=True)
class Row:
    """One network.

    ``installed``: whether it is part of an installation; ``error``: why it cannot be loaded, ''
    if it can; ``milliseconds``: median inference time on one thread, None if not measured.
    """

    sidecar: Sidecar
    installed: bool
    error: str
    milliseconds: float | None

    @property
    def test_set(self) -> str:
        """The name of the data set of ``accuracy``; '' if it was not measured."""
        if not self.sidecar.accuracy:
            return ''
        name = next(iter(self.sidecar.accuracy))
        if not name.startswith(VALIDATION):
            return name
        data = str(self.sidecar.training.get('data') or '').partition(' (')[0]
        data = data.partition(' under ')[0]
        return 'held-out tenth' + (f' of {data}' if data else '')

    @property
    def accuracy(self) -> dict[str, float]:
        """The metrics of the int8 network on ``test_set``, 0..1, by name.

        A classifier has 'accuracy', a detector its metrics of boxes.
        """
        values = self.sidecar.accuracy
        if self.sidecar.task == DETECTION:
            return {
                name.removeprefix(f'{VALIDATION}_'): value
                for name, value in values.items()
                if not name.endswith('_float')
            }
        return {'accuracy': next(iter(values.values()))} if values else {}

    def as_dict(self) -> dict[str, Any]:
        """Return the row, serialisable as JSON."""
        sidecar = self.sidecar
        return {
            'name': sidecar.name,
            'task': sidecar.task,
            'labels': sidecar.labels,
            'input': vars(sidecar.input),
            'parameters': sidecar.parameters,
            'macs': sidecar.macs,
            'quantisation': sidecar.quantisation,
            'milliseconds': self.milliseconds,
            'test_set': self.test_set,
            'accuracy': self.accuracy,
            'all_figures': dict(sidecar.accuracy),
            'detectors': sorted(sidecar.crop),
            'licence': sidecar.licence,
            'sha256': sidecar.sha256,
            'installed': self.installed,
            'error': self.error,
        }


def add_models(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'models',
        help='list the networks with size, speed and accuracy',
        description='Prints a table of all networks, or all details of the named ones. Exit code '
        '1 if one cannot be loaded.',
    )
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help='print all details of these networks'
    )
    parser.add_argument(
        '--time',
        action='store_true',
        help='measure the median inference time on this machine, in ms on one thread',
    )
    parser.add_argument('--json', action='store_true', help='print a JSON array')
    parser.set_defaults(call=list_models)


def list_models(arguments: argparse.Namespace) -> int:
    """Run ``face-affect models``; return the exit code.

    Raises:
        ModelError: a named model does not exist, or a sidecar is not usable.

    """
    rows = [_row(sidecar, arguments.time) for sidecar in _chosen(arguments.names)]
    if arguments.json:
        text = to_json([row.as_dict() for row in rows], indent=2)
    elif arguments.names:
        text = '\n'.join(_details(row) for row in rows)
    else:
        text = _table(rows, arguments.time)
    print(text)
    broken = [row for row in rows if row.error]
    for row in broken:
        print(f'face-affect: error: {row.error}', file=sys.stderr)
    return EXIT_BROKEN if broken else 0


def _chosen(names: Sequence[str]) -> list[Sidecar]:
    sidecars = {sidecar.name: sidecar for sidecar in available_models()}
    for name in names:
        if name not in sidecars:
            close = nearest(name, sidecars)
            raise ModelError(
                f'no model {printable(name, 100)!r} in {models_folder()}; '
                + (f'did you mean {close}? ' if close else '')
                + 'list them with "face-affect models"'
            )
    return [sidecars[name] for name in names] if names else list(sidecars.values())


def _row(sidecar: Sidecar, timed: bool) -> Row:
    listed = models_folder() / INSTALLED_LIST
    installed = not listed.exists() or sidecar.name in listed.read_text().split()
    try:
        network = Network(sidecar)
    except ModelError as error:
        return Row(sidecar, installed, str(error), None)
    return Row(sidecar, installed, '', _milliseconds(network) if timed else None)


def _milliseconds(network: Network) -> float:
    """Return the median inference time on random pixels."""
    sidecar = network.sidecar
    pixels = np.random.default_rng(0).integers(0, 256, sidecar.input.shape[1:], dtype=np.uint8)
    # The second input of a saliency network selects the logit to explain.
    logits = np.eye(sidecar.logits, dtype=np.float32)
    others = [logits[0]] if sidecar.task.endswith('_saliency') else []
    times = []
    for _ in range(WARM_UP + RUNS):
        start = time.perf_counter()
        network.run(pixels, *others)
        times.append(time.perf_counter() - start)
    return round(statistics.median(times[WARM_UP:]) * 1e3, 3)


def _accuracy_text(row: Row) -> str:
    return ', '.join(
        f'{value:.1%}' if name == 'accuracy' else f'{name} {value:.1%}'
        for name, value in row.accuracy.items()
    )


def _table(rows: Sequence[Row], timed: bool) -> str:
    head = ['network', 'task', 'parameters', 'million MACs', *(['ms'] if timed else [])]
    head += ['installed', 'accuracy', 'test set']
    cells = [head]
    for row in rows:
        sidecar = row.sidecar
        time_cell = '-' if row.milliseconds is None else f'{row.milliseconds:.3f}'
        cells.append(
            [
                sidecar.name,
                sidecar.task,
                f'{sidecar.parameters:,}',
                f'{sidecar.macs / 1e6:.1f}',
                *([time_cell] if timed else []),
                'BROKEN' if row.error else 'yes' if row.installed else 'no',
                _accuracy_text(row) or '-',
                row.test_set or '-',
            ]
        )
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    numbers = {'parameters', 'million MACs', 'ms'}
    return '\n'.join(
        '  '.join(
            text.rjust(width) if name in numbers else text.ljust(width)
            for text, width, name in zip(line, widths, head)
        ).rstrip()
        for line in cells
    )


def _details(row: Row) -> str:
    sidecar = row.sidecar
    size = sidecar.input
    accuracy = ', '.join(f'{name} {value:.1%}' for name, value in sidecar.accuracy.items())
    lines = {
        'task': f'{sidecar.task}: {", ".join(sidecar.labels)}',
        'input': f'{size.width}x{size.height} {size.colour}',
        'size': f'{sidecar.parameters:,} parameters, {sidecar.macs / 1e6:.1f} million '
        'multiply-accumulates',
        'quantised': sidecar.quantisation,
        'time': 'not measured; see --time'
        if row.milliseconds is None
        else f'{row.milliseconds:.3f} ms, median on one thread of this machine',
        'accuracy': accuracy or 'not measured',
        'test set': row.test_set or '-',
        'crop for': ', '.join(sidecar.crop) or '-',
        'licence': sidecar.licence,
        'sha256': sidecar.sha256,
        'file': str(sidecar.tflite),
        'installed': 'yes' if row.installed else 'no, in the source repository only',
        'state': f'BROKEN: {row.error}' if row.error else 'loads',
    }
    return '\n'.join([sidecar.name, *(f'  {name:10} {text}' for name, text in lines.items())])
