# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write the table of the node's parameters, from their declarations, into README.md."""

from __future__ import annotations

from pathlib import Path
import sys

from face_affect.ros.parameters import ParameterSpec, SPECS

README = Path(__file__).parents[1] / 'README.md'
START, END = '<!-- parameters: scripts/update_readme.py -->', '<!-- end of parameters -->'

FIXED = {'': '', 'configured': 'once configured', 'started': 'from the start'}


def _range(spec: ParameterSpec) -> str:
    if spec.choices:
        return ', '.join(spec.choices)
    return '' if spec.low is None else f'{spec.low:g} to {spec.high:g}'


def _row(spec: ParameterSpec) -> str:
    default = str(spec.default).lower() if isinstance(spec.default, bool) else spec.default
    return (
        f'| `{spec.name}` | {default} | {_range(spec)} | {FIXED[spec.fixed]} | '
        f'{spec.description} |'
    )


def parameter_table() -> str:
    """Return the table in Markdown."""
    head = '| parameter | default | range | fixed | |\n|---|---|---|---|---|'
    return '\n'.join([head, *(_row(spec) for spec in SPECS)])


def updated(text: str) -> str:
    """Return README's ``text`` with the table of today."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f'{before}{START}\n{parameter_table()}\n{END}{after}'


def main() -> int:
    """Update README.md."""
    README.write_text(updated(README.read_text()))
    return 0


if __name__ == '__main__':
    sys.exit(main())
