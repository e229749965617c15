# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect models: the models with their figures."""

from __future__ import annotations

import argparse
from typing import Any

from face_affect.core.models import available_models, ModelError, Sidecar
from face_affect.core.runtime import Network


def add_models(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'models', help='list the models with their figures'
    )
    parser.set_defaults(call=list_models)


def _accuracy_text(sidecar: Sidecar) -> str:
    return (
        ', '.join(
            f'{name} {value:.1%}'
            for name, value in sidecar.accuracy.items()
            if not name.endswith('_ece')
        )
        or 'not measured here'
    )


def list_models(arguments: argparse.Namespace) -> int:
    """Print every model's figures, and whether it loads."""
    broken = 0
    for sidecar in available_models():
        try:
            Network(sidecar)
            state = 'loads'
        except ModelError as error:
            state, broken = f'BROKEN: {error}', broken + 1
        size = sidecar.input
        print(
            f'{sidecar.name}\n'
            f'  task        {sidecar.task}: {", ".join(sidecar.labels)}\n'
            f'  input       {size.width}x{size.height} {size.colour}\n'
            f'  size        {sidecar.parameters:,} parameters, {sidecar.macs / 1e6:.1f} million '
            f'multiply-accumulates\n'
            f'  arithmetic  {sidecar.quantisation}\n'
            f'  accuracy    {_accuracy_text(sidecar)}\n'
            f'  crop for    {", ".join(sidecar.crop) or "-"}\n'
            f'  licence     {sidecar.licence}\n'
            f'  sha256      {sidecar.sha256}\n'
            f'  state       {state}'
        )
    return 1 if broken else 0
