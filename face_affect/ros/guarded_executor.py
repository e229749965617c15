# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""An executor that survives exceptions of callbacks: they are counted and logged."""

from __future__ import annotations

from collections.abc import Callable
import functools
from pathlib import Path
import threading
import traceback
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from face_affect.core.text import printable
from face_affect.ros.declaration import refusal
from face_affect.ros.throttled_log import ThrottledLog

ServiceCallback = Callable[[Any, Any], Any]


class Faults:
    """The exceptions of callbacks: logged, counted, and the last one kept. Thread-safe."""

    def __init__(
        self, log: ThrottledLog, on_fault: Callable[[str], None] = lambda text: None
    ) -> None:
        """Start at zero; ``on_fault`` is called with each exception as one line of text."""
        self._log = log
        self._on_fault = on_fault
        self._lock = threading.Lock()
        self._count = 0
        self._last = ''

    @property
    def count(self) -> int:
        """The number of exceptions so far."""
        return self._count

    @property
    def last(self) -> str:
        """The last exception with file and line, as one line of text; '' if there was none."""
        return self._last

    def note(self, error: Exception) -> None:
        """Count and log an exception that a callback raised."""
        frames = traceback.extract_tb(error.__traceback__)
        line = f'{Path(frames[-1].filename).name}:{frames[-1].lineno}' if frames else 'unknown'
        kind = f'{type(error).__name__} in {line}'
        text = printable(f'{type(error).__name__}: {error} (in {line})')
        with self._lock:
            self._count += 1
            self._last = text
        self._on_fault(text)
        self._log.error(kind, f'a callback failed: {text}')


class GuardedExecutor(SingleThreadedExecutor):
    """A SingleThreadedExecutor whose ``spin_once`` notes exceptions of callbacks.

    Messages from outside make callbacks of rclpy raise, too: a timestamp with negative seconds
    on /clock, a parameter of an unknown type, a malformed request.
    """

    def __init__(self, faults: Faults, context: Context | None = None) -> None:
        """Create the executor; exceptions are noted in ``faults``."""
        super().__init__(context=context)
        self._faults = faults

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback, at most ``timeout_sec`` seconds, and run it.

        Raises:
            ExternalShutdownException: the context was shut down.

        """
        try:
            super().spin_once(timeout_sec)
        except ExternalShutdownException:
            raise
        except Exception as error:
            self._faults.note(error)


def guard_services(node: Node, faults: Faults) -> None:
    """Make every service of ``node`` respond even if its callback raises.

    rclpy sends no response after an exception, and the client would wait forever.
    """
    for service in node.services:
        guarded = _answering(service.callback, faults)
        if service.srv_type in (SetParameters, SetParametersAtomically):
            guarded = _named(_with_reason(guarded, node))
        service.callback = _one_by_one(guarded) if service.srv_type is SetParameters else guarded


def _answering(callback: ServiceCallback, faults: Faults) -> ServiceCallback:
    @functools.wraps(callback)
    def answer(request: Any, response: Any) -> Any:
        try:
            return callback(request, response)
        except Exception as error:
            faults.note(error)
            return _refusal(request, type(response)(), f'{type(error).__name__}: {error}')

    return answer


def _refusal(request: Any, response: Any, reason: str) -> Any:
    """Return ``response`` with the reason of the failure, if its type has a field for it."""
    reason = printable(reason)
    result = SetParametersResult(successful=False, reason=reason)
    if isinstance(request, SetParameters.Request):
        response.results = [result for _ in request.parameters]
    elif isinstance(request, SetParametersAtomically.Request):
        response.result = result
    elif hasattr(response, 'message'):
        response.message = reason
    return response


def _with_reason(callback: ServiceCallback, node: Node) -> ServiceCallback:
    """Add the allowed values to the reason if rclpy refuses a value by its descriptor."""

    @functools.wraps(callback)
    def answer(request: Any, response: Any) -> Any:
        response = callback(request, response)
        results = [response.result] if hasattr(response, 'result') else response.results
        for result in results:
            if not result.successful:
                reasons = (refusal(node, parameter) for parameter in request.parameters)
                result.reason = next(filter(None, reasons), result.reason)
        return response

    return answer


def _named(callback: ServiceCallback) -> ServiceCallback:
    """Refuse parameters without a name, which rclpy declares on any node."""

    @functools.wraps(callback)
    def answer(request: Any, response: Any) -> Any:
        if all(parameter.name for parameter in request.parameters):
            return callback(request, response)
        return _refusal(request, response, 'a parameter has an empty name, but must have one')

    return answer


def _one_by_one(callback: ServiceCallback) -> ServiceCallback:
    """Set one parameter at a time, so that one failure does not affect the others."""

    @functools.wraps(callback)
    def answer(request: Any, response: Any) -> Any:
        for parameter in request.parameters:
            single = SetParameters.Request(parameters=[parameter])
            response.results += callback(single, SetParameters.Response()).results
        return response

    return answer
