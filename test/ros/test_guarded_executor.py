# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rcl_interfaces.msg import Parameter, ParameterValue, SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
from std_srvs.srv import SetBool

from face_affect.ros.guarded_executor import Faults, guard_services
from face_affect.ros.throttled_log import ThrottledLog


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def faults(lines: list[str]) -> Faults:
    logger: Any = SimpleNamespace(error=lines.append)
    return Faults(ThrottledLog(logger))


def guarded(srv_type: Any, callback: Any, faults: Faults) -> Any:
    """Return the callback of a service after it was guarded."""
    service = SimpleNamespace(srv_type=srv_type, callback=callback)
    node: Any = SimpleNamespace(services=[service], has_parameter=lambda name: False)
    guard_services(node, faults)
    return service.callback


def failing(request: Any, response: Any) -> Any:
    response.success = True
    raise ValueError('no\nvalue')


def test_faults_are_counted_and_logged_once(faults: Faults, lines: list[str]) -> None:
    for _ in range(3):
        try:
            failing(None, SimpleNamespace())
        except ValueError as error:
            faults.note(error)
    assert faults.count == 3
    assert faults.last.startswith(r'ValueError: no\nvalue (in test_guarded_executor.py:')
    assert lines == [f'a callback failed: {faults.last}']


def test_a_failing_service_answers(faults: Faults) -> None:
    answer = guarded(SetBool, failing, faults)(SetBool.Request(), SetBool.Response())
    assert answer == SetBool.Response(success=False, message=r'ValueError: no\nvalue')
    assert faults.count == 1


def test_a_failing_service_without_a_message_answers(faults: Faults) -> None:
    def callback(request: Any, response: Any) -> Any:
        raise KeyError(request.names[0])

    request = GetParameters.Request(names=['a'])
    answer = guarded(GetParameters, callback, faults)(request, GetParameters.Response())
    assert answer == GetParameters.Response()


def parse(parameters: Any) -> None:
    for parameter in parameters:
        if parameter.value.type > 9:
            raise ValueError(f'{parameter.value.type} is not a valid Parameter.Type')


def parameters(*types: int) -> list[Parameter]:
    return [Parameter(name='a', value=ParameterValue(type=each)) for each in types]


def test_one_wrong_parameter_leaves_the_others(faults: Faults) -> None:
    def callback(request: Any, response: Any) -> Any:
        parse(request.parameters)
        response.results = [SetParametersResult(successful=True)]
        return response

    request = SetParameters.Request(parameters=parameters(1, 10, 2, 255))
    answer = guarded(SetParameters, callback, faults)(request, SetParameters.Response())
    assert [each.successful for each in answer.results] == [True, False, True, False]
    assert answer.results[1].reason == 'ValueError: 10 is not a valid Parameter.Type'
    assert faults.count == 2


def test_parameters_set_at_once_are_refused_together(faults: Faults) -> None:
    def callback(request: Any, response: Any) -> Any:
        parse(request.parameters)
        return response

    request = SetParametersAtomically.Request(parameters=parameters(1, 99))
    answer = guarded(SetParametersAtomically, callback, faults)(
        request, SetParametersAtomically.Response()
    )
    assert not answer.result.successful
    assert answer.result.reason == 'ValueError: 99 is not a valid Parameter.Type'
