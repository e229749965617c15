# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np
import pytest

from face_affect.core.parameters import (
    Declaration,
    declarations,
    from_values,
    nearest,
    parameter,
    ParameterGroup,
    to_values,
)


@dataclass(frozen=True)
class Inner(ParameterGroup):
    """A group in a group."""

    angle: int = parameter(0, 'degrees', choices=(0, 90))
    model: str = parameter('small', 'a name', name='inner_model')


@dataclass(frozen=True)
class Outer(ParameterGroup):
    """A group of a parameter and a group."""

    rate: float = parameter(1.0, 'images a second', low=0.0, high=10.0)
    count: int = parameter(2, 'images', low=1, high=5, fixed='configured')
    loud: bool = parameter(False, 'say more')
    inner: Inner = field(default_factory=Inner)


def test_declarations_of_a_group_and_those_in_it() -> None:
    assert declarations(Outer) == (
        Declaration('rate', 1.0, 'images a second', 0.0, 10.0),
        Declaration('count', 2, 'images', 1, 5, fixed='configured'),
        Declaration('loud', False, 'say more'),
        Declaration('angle', 0, 'degrees', choices=(0, 90)),
        Declaration('inner_model', 'small', 'a name'),
    )


def test_values_there_and_back() -> None:
    changed = Outer(rate=2.5, loud=True, inner=Inner(90, 'large'))
    values = to_values(changed)
    assert values == {
        'rate': 2.5,
        'count': 2,
        'loud': True,
        'angle': 90,
        'inner_model': 'large',
    }
    assert from_values(Outer, values) == changed
    assert from_values(Outer, {'angle': 90, 'other': 1}) == Outer(inner=Inner(90))


@pytest.mark.parametrize(
    'values, error, message',
    [
        ({'rate': 10.1}, ValueError, 'rate is 10.1, but must be from 0 to 10'),
        ({'rate': math.nan}, ValueError, 'rate is nan, but must be from 0 to 10'),
        ({'rate': math.inf}, ValueError, 'rate is inf, but must be from 0 to 10'),
        ({'rate': 'fast'}, TypeError, "rate is 'fast', but must be of type float"),
        ({'rate': None}, TypeError, 'rate is None, but must be of type float'),
        ({'rate': True}, TypeError, 'rate is True, but must be of type float'),
        ({'count': 0}, ValueError, 'count is 0, but must be from 1 to 5'),
        ({'count': 2.5}, TypeError, 'count is 2.5, but must be of type int'),
        ({'count': math.nan}, ValueError, 'count is nan, but must be from 1 to 5'),
        ({'loud': 1}, TypeError, 'loud is 1, but must be of type bool'),
        ({'angle': 45}, ValueError, 'angle is 45, but must be one of 0, 90'),
        ({'inner_model': 3}, TypeError, 'inner_model is 3, but must be of type str'),
    ],
)
def test_wrong_values(values: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        from_values(Outer, values)


@pytest.mark.parametrize('bounds', [{'low': 0}, {'high': 5}])
def test_a_single_bound_is_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"^parameter 'most faces': .* a range needs both"):
        parameter(3, 'most faces', **bounds)


def test_numbers_of_numpy_are_numbers() -> None:
    assert Outer(rate=np.float32(2), count=np.int64(3)) == Outer(2.0, 3)
    assert Outer(rate=3).rate == 3


@pytest.mark.parametrize(
    'name, expected', [('forgt_time', 'forget_time'), ('rate', 'max_rate'), ('xyz', None)]
)
def test_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, ['forget_time', 'max_rate', 'rectified']) == expected
