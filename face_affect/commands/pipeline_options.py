# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Command-line options of the pipeline's parameters, generated from their declarations."""

from __future__ import annotations

import argparse
from collections.abc import Collection

from face_affect.core.parameters import Declaration, declarations, from_values
from face_affect.core.settings import ModelNames, Settings

# Parameter -> shorter name of its option
SHORT = {'detection_threshold': 'threshold'}


def add_pipeline_options(
    parser: argparse.ArgumentParser, names: Collection[str] | None = None
) -> None:
    """Add an option for each parameter of settings and models, or only for ``names``."""
    group = parser.add_argument_group('settings and models (parameters of the node)')
    for declaration in (*declarations(Settings), *declarations(ModelNames)):
        if names is None or declaration.name in names:
            add_option(group, declaration)


def add_option(group: argparse._ActionsContainer, declaration: Declaration) -> None:
    """Add the option of one parameter."""
    name, default = declaration.name, declaration.default
    option = SHORT.get(name, name).replace('_', '-')
    text = declaration.description
    if default is True:
        group.add_argument(
            f'--no-{option.removeprefix("enable-")}',
            dest=name,
            action='store_false',
            help=f'do not {text}',
        )
    elif default is False:
        group.add_argument(f'--{option}', dest=name, action='store_true', help=text)
    else:
        group.add_argument(
            f'--{option}',
            dest=name,
            type=type(default),
            default=default,
            metavar='NAME' if isinstance(default, str) else 'NUMBER',
            help=f'{text} ({_range(declaration)}default: %(default)s)',
        )


def _range(declaration: Declaration) -> str:
    if declaration.choices:
        return f'{", ".join(map(str, declaration.choices))}; '
    if declaration.low is None:
        return ''
    return f'{declaration.low:.10g} to {declaration.high:.10g}; '


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings in ``arguments``, and defaults for those without an option.

    Raises:
        ValueError: a value is out of range.

    """
    return from_values(Settings, vars(arguments))


def models_of(arguments: argparse.Namespace) -> ModelNames:
    """Return the models in ``arguments``, and defaults for those without an option.

    Raises:
        ValueError: a value is out of range.

    """
    return from_values(ModelNames, vars(arguments))
