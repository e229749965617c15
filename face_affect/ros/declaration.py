# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Declare parameter groups on a ROS node, and validate changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, ParameterType
from rcl_interfaces.msg import Parameter as ParameterMessage
from rclpy.logging import get_logger_effective_level, LoggingSeverity, set_logger_level
from rclpy.node import Node
from rclpy.parameter import Parameter

from face_affect.core.parameters import (
    Declaration,
    declarations,
    from_values,
    nearest,
    ParameterGroup,
    to_values,
)
from face_affect.core.text import printable

Group = TypeVar('Group', bound=ParameterGroup)
ROOT_LOGGER = ''

USE_SIM_TIME = 'use_sim_time'
# Declared by rclpy
RCLPY_NAMES = {USE_SIM_TIME, 'start_type_description_service'}
_TYPES = {
    ParameterType.PARAMETER_BOOL: 'bool',
    ParameterType.PARAMETER_INTEGER: 'int',
    ParameterType.PARAMETER_DOUBLE: 'float',
    ParameterType.PARAMETER_STRING: 'string',
}
# As QoSOverridingOptions.with_default_policies
POLICIES = ('history', 'depth', 'reliability')
QOS_PREFIX = 'qos_overrides.'


@contextmanager
def unlogged() -> Iterator[None]:
    """Suppress log messages below FATAL while a node is constructed.

    rclpy logs an invalid use_sim_time, which ``declare`` reports as an error.
    """
    level = get_logger_effective_level(ROOT_LOGGER)
    set_logger_level(ROOT_LOGGER, LoggingSeverity.FATAL)
    try:
        yield
    finally:
        set_logger_level(ROOT_LOGGER, level)


def descriptor(declaration: Declaration, read_only: bool) -> ParameterDescriptor:
    """Return the declaration as a ROS parameter descriptor."""
    choices = ', '.join(map(str, declaration.choices))
    described = ParameterDescriptor(
        description=declaration.description,
        read_only=read_only,
        additional_constraints=f'one of {choices}' if choices else '',
    )
    if declaration.low is None or declaration.high is None:
        return described
    if isinstance(declaration.default, int):
        described.integer_range = [
            IntegerRange(from_value=int(declaration.low), to_value=int(declaration.high), step=1)
        ]
    else:
        described.floating_point_range = [
            FloatingPointRange(from_value=declaration.low, to_value=declaration.high)
        ]
    return described


def declare(
    node: Node,
    group: type[Group],
    removed: Mapping[str, str] | None = None,
    fixed: bool = False,
    topics: Sequence[str] = (),
) -> Group:
    """Declare the parameters of ``group`` on ``node``; return the values it was started with.

    The node must have been constructed with
    ``automatically_declare_parameters_from_overrides=True``, so that unknown names can be
    detected: each is logged as a warning with the most similar known name.

    Args:
        node: a node without other parameters.
        group: the parameters to declare.
        removed: names of parameters of earlier versions, with a text on what replaces each.
        fixed: make all parameters read-only.
        topics: resolved names of subscribed topics whose QoS can be overridden.

    Raises:
        ValueError: a value is out of range or of another type, or a parameter was removed; the
            message names the parameter.

    """
    removed = removed or {}
    known = {declaration.name: declaration for declaration in declarations(group)}
    given = _take_overrides(node)
    for name in given.keys() & removed.keys():
        raise ValueError(f'parameter {name} was removed; {removed[name]}')
    overridable = [
        f'{QOS_PREFIX}{topic}.subscription.{policy}' for topic in topics for policy in POLICIES
    ]
    for name in given.keys() - known.keys() - set(overridable):
        likely = overridable if name.startswith(QOS_PREFIX) else known
        node.get_logger().warning(_unknown(name, likely))
    values = {name: _coerced(given[name], known[name]) for name in known if name in given}
    try:
        parameters = from_values(group, values)
    except TypeError as error:
        raise ValueError(str(error)) from error
    for name, value in to_values(parameters).items():
        node.declare_parameter(
            name,
            value,
            descriptor(known[name], fixed or known[name].fixed == 'started'),
            ignore_override=True,
        )
    return parameters


def _take_overrides(node: Node) -> dict[str, Any]:
    """Undeclare the parameters that rclpy declared from overrides; return their values.

    Raises:
        ValueError: use_sim_time is not a boolean.

    """
    # Annotated otherwise in Jazzy
    declared: dict[str, Any] = node.get_parameters_by_prefix('')
    if not isinstance(declared[USE_SIM_TIME].value, bool):
        raise ValueError(
            f'{USE_SIM_TIME} is {declared[USE_SIM_TIME].value!r}, but must be of type bool'
        )
    # Parameters of the node are declared again by the caller, QoS overrides by subscriptions.
    overrides = {
        name: parameter.value
        for name, parameter in declared.items()
        if name not in RCLPY_NAMES and not node.describe_parameter(name).description
    }
    for name in overrides:
        node.undeclare_parameter(name)
    return overrides


def _coerced(value: Any, declaration: Declaration) -> Any:
    """Return ``value`` in the declared type; YAML reads ``rate: 5`` and ``source: 0`` as int."""
    if isinstance(declaration.default, float) and type(value) is int:
        return float(value)
    if isinstance(declaration.default, str) and type(value) in (int, float):
        return str(value)
    return value


def _unknown(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    hint = f"did you mean '{meant}'?" if meant else 'see ros2 param list'
    return printable(f"parameter '{name}' does not exist and is ignored; {hint}")


def refusal(node: Node, message: ParameterMessage) -> str:
    """Return why the descriptor of a parameter refuses a value; '' if it does not.

    The texts of rclpy are less clear: they name types by number or Python class.
    """
    if not node.has_parameter(message.name):
        return ''
    described, value = node.describe_parameter(message.name), message.value
    name = message.name
    if value.type != described.type:
        wanted, given = (
            _TYPES.get(kind, f'number {kind}') for kind in (described.type, value.type)
        )
        example = f', such as {value.integer_value}.0' if wanted == 'float' else ''
        return f'{name} must be of type {wanted}{example}, but the value is of type {given}'
    for bounds in (*described.integer_range, *described.floating_point_range):
        number = value.integer_value if described.integer_range else value.double_value
        if not bounds.from_value <= number <= bounds.to_value:
            return (
                f'{name} is {number}, but must be from {bounds.from_value:.10g} to '
                f'{bounds.to_value:.10g}'
            )
    return ''


def changed(parameters: Group, changes: Sequence[Parameter], configured: bool) -> Group:
    """Return ``parameters`` with all ``changes``.

    Changes of parameters outside the group, such as use_sim_time, are ignored.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value is out of range, or cannot change while the node is ``configured``.

    """
    values: dict[str, Any] = dict(to_values(parameters))
    for declaration in declarations(type(parameters)):
        for change in changes:
            if change.name != declaration.name:
                continue
            different = change.value != values[change.name]
            if declaration.fixed == 'configured' and configured and different:
                raise ValueError(
                    f'cannot set {change.name} while the node is configured; call cleanup first'
                )
            values[change.name] = change.value
    return from_values(type(parameters), values)
