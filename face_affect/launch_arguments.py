# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conversion of parameters to launch arguments, and validation of launch command lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import importlib
import os
from pathlib import Path
from typing import Any

from face_affect.core.parameters import Declaration, declarations, nearest, Value

PACKAGE = 'face_affect'
COMPRESSED = '/compressed'
BOOLEANS = ('true', 'false', 'True', 'False')


def declarations_of(group: str) -> tuple[Declaration, ...]:
    """Return the declarations of the group of that name in ``face_affect.ros.parameters``.

    The environment is restored afterwards.
    """
    before = set(os.environ)
    # The import sets limits for OpenCV, which other nodes of the launch would inherit.
    parameters = importlib.import_module('face_affect.ros.parameters')
    for name in set(os.environ) - before:
        del os.environ[name]
    return declarations(getattr(parameters, group))


def argument(declaration: Declaration, otherwise: str) -> dict[str, Any]:
    """Return the keyword arguments of DeclareLaunchArgument for a parameter.

    The default is '', which leaves the parameter unset; ``otherwise`` describes its value then.
    """
    choices = BOOLEANS if isinstance(declaration.default, bool) else declaration.choices
    return {
        'name': declaration.name,
        'default_value': '',
        'description': f'Parameter: {declaration.description} (empty: {otherwise}).',
        'choices': ['', *map(str, choices)] if choices else None,
    }


def parse(declaration: Declaration, text: str) -> Value:
    """Parse the value of a launch argument.

    Raises:
        ValueError: ``text`` cannot be converted to the type of the parameter, or is out of range.

    """
    kind = type(declaration.default)
    value: Value
    try:
        value = text.lower() == 'true' if kind is bool else kind(text)
    except ValueError:
        raise ValueError(
            f'{declaration.name} is {text!r}, but must be of type {kind.__name__}'
        ) from None
    declaration.check(value)
    return value


def given_parameters(
    declared: Iterable[Declaration], texts: Mapping[str, str]
) -> dict[str, Value]:
    """Return the values of the launch arguments that are not empty, by parameter name.

    Raises:
        ValueError: a value cannot be converted to the type of its parameter, or is out of range.

    """
    return {one.name: parse(one, texts[one.name]) for one in declared if texts.get(one.name)}


def base_topic(image: str, transport: str) -> tuple[str, str]:
    """Return the base topic without ``/compressed``, and the transport.

    Args:
        image: the image topic; a suffix ``/compressed`` selects the compressed transport.
        transport: raw, compressed, or '' for the node's parameter.

    Raises:
        ValueError: the topic is that of compressed images, but ``transport`` is raw.

    """
    if not image.endswith(COMPRESSED):
        return image, transport
    if transport == 'raw':
        raise ValueError(
            f'image is {image}, the topic of compressed images, but image_transport is raw; '
            'leave image_transport out, or name the raw topic'
        )
    return image.removesuffix(COMPRESSED), 'compressed'


def check_command_line(launch_file: str, known: Iterable[str], words: Sequence[str]) -> None:
    """Validate the argument names of a launch command line.

    Nothing is checked if the command line starts another launch file that includes this one.

    Args:
        launch_file: the path of the launch file.
        known: the names of its arguments.
        words: the command line, such as ``ros2 launch face_affect camera.launch.py rate:=5``.

    Raises:
        ValueError: an argument is unknown; the message has the closest match.

    """
    known = list(known)
    for word in _own_words(Path(launch_file), words):
        name, separator, _ = word.partition(':=')
        if not separator or name in known:
            continue
        meant = nearest(name, known)
        hint = f"did you mean '{meant}'?" if meant else '--show-args lists all'
        raise ValueError(f"{Path(launch_file).name} has no argument '{name}'; {hint}")


def _own_words(launch_file: Path, words: Sequence[str]) -> Sequence[str]:
    """Return the words after the launch file on the command line; () if it is not on it."""
    for index, word in enumerate(words):
        if Path(word).name != launch_file.name:
            continue
        of_package = index > 0 and words[index - 1] == PACKAGE
        if of_package or Path(word).resolve() == launch_file.resolve():
            return words[index + 1 :]
    return ()
