# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Declaration of parameters as fields of annotated dataclasses.

ROS descriptors, command-line options, docs/parameters.md and ``config/face_affect.yaml`` are
generated from these declarations, and all ranges are validated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, Field, field, fields
import difflib
import numbers
from typing import Any, Literal, TypeVar

Value = bool | int | float | str
Fixed = Literal['', 'configured', 'started']
T = TypeVar('T', bound=Value)
Group = TypeVar('Group', bound='ParameterGroup')

_METADATA = 'parameter'
_KINDS: dict[type, type] = {
    bool: bool,
    int: numbers.Integral,
    float: numbers.Real,
    str: str,
}


@dataclass(frozen=True)
class Declaration:
    """One parameter.

    ``low`` and ``high`` are the inclusive bounds of a number; ``choices`` all allowed values.
    ``fixed`` is the state from which the node rejects changes: 'configured' until cleanup,
    'started' for its lifetime, '' never.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    fixed: Fixed = ''

    def check(self, value: Any) -> None:
        """Validate a value.

        Raises:
            TypeError: the type of ``value`` is not that of the default.
            ValueError: ``value`` is out of range, NaN, or not one of the choices.

        """
        if self.choices and value not in self.choices:
            raise ValueError(
                f'{self.name} is {value!r}, but must be one of {", ".join(map(str, self.choices))}'
            )
        bounded = self.low is not None and self.high is not None
        if bounded and _is_number(value) and not self.low <= value <= self.high:
            raise ValueError(
                f'{self.name} is {value}, but must be from {self.low:.10g} to {self.high:.10g}'
            )
        kind = type(self.default)
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f'{self.name} is {value!r}, but must be of type {kind.__name__}')


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def parameter(
    default: T,
    description: str,
    *,
    name: str = '',
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Value, ...] = (),
    fixed: Fixed = '',
) -> T:
    """Declare a field of a ParameterGroup as a parameter; see Declaration.

    ``name``: the parameter's name, if it differs from that of the field.

    Raises:
        ValueError: one of the bounds is missing; ROS descriptors have none or both.

    """
    if (low is None) != (high is None):
        raise ValueError(
            f"parameter '{description}': low is {low} and high is {high}, but a range needs both; "
            'give the missing bound, or leave out both'
        )
    metadata = {
        'name': name,
        'description': description,
        'low': low,
        'high': high,
        'choices': choices,
        'fixed': fixed,
    }
    declared: T = field(default=default, metadata={_METADATA: metadata})
    return declared


class ParameterGroup:
    """Base of frozen dataclasses whose fields are parameters or nested groups.

    A nested group is a field whose ``default_factory`` is its class.
    """

    def __post_init__(self) -> None:
        """Validate all parameters.

        Raises:
            TypeError: a value is of the wrong type.
            ValueError: a value is out of range.

        """
        for item, declaration in _own(type(self)):
            declaration.check(getattr(self, item.name))


def _own(group: type[ParameterGroup]) -> Iterator[tuple[Field[Any], Declaration]]:
    """Yield the fields that are parameters."""
    for item in _fields(group):
        if _METADATA in item.metadata:
            values = dict(item.metadata[_METADATA])
            name = values.pop('name') or item.name
            default: Any = item.default
            yield item, Declaration(name=name, default=default, **values)


def _nested(group: type[ParameterGroup]) -> Iterator[tuple[Field[Any], type[ParameterGroup]]]:
    """Yield the fields that are groups."""
    for item in _fields(group):
        if _METADATA not in item.metadata:
            # The default factory of a nested group is its class.
            inner: Any = item.default_factory
            yield item, inner


def _fields(group: type[ParameterGroup]) -> tuple[Field[Any], ...]:
    return fields(group)  # type: ignore[arg-type]  # each subclass is a dataclass


def declarations(group: type[ParameterGroup]) -> tuple[Declaration, ...]:
    """Return the declarations of a group, including nested groups."""
    own = [declaration for _, declaration in _own(group)]
    nested = [one for _, inner in _nested(group) for one in declarations(inner)]
    return (*own, *nested)


def to_values(group: ParameterGroup) -> dict[str, Value]:
    """Return the values of a group by parameter name, including nested groups."""
    values: dict[str, Value] = {
        declaration.name: getattr(group, item.name) for item, declaration in _own(type(group))
    }
    for item, _ in _nested(type(group)):
        values.update(to_values(getattr(group, item.name)))
    return values


def from_values(group: type[Group], values: Mapping[str, Any]) -> Group:
    """Return a group with ``values`` by parameter name, and defaults for the others.

    Names that are not parameters of the group are ignored.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value is out of range.

    """
    own = {
        item.name: values[declaration.name]
        for item, declaration in _own(group)
        if declaration.name in values
    }
    nested = {item.name: from_values(inner, values) for item, inner in _nested(group)}
    return group(**own, **nested)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the closest match of ``name`` in ``names`` by spelling; None without a close one."""
    return next(iter(difflib.get_close_matches(name, names, n=1)), None)
