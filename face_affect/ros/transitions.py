# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Refuse impossible lifecycle transitions before rcl logs them."""

from __future__ import annotations

from collections.abc import Callable

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.node import Node

from face_affect.core.text import printable
from face_affect.ros.throttled_log import ThrottledLog

# Allowed transitions by state: id by label
ALLOWED = {
    'unconfigured': {
        'configure': Transition.TRANSITION_CONFIGURE,
        'shutdown': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    },
    'inactive': {
        'cleanup': Transition.TRANSITION_CLEANUP,
        'activate': Transition.TRANSITION_ACTIVATE,
        'shutdown': Transition.TRANSITION_INACTIVE_SHUTDOWN,
    },
    'active': {
        'deactivate': Transition.TRANSITION_DEACTIVATE,
        'shutdown': Transition.TRANSITION_ACTIVE_SHUTDOWN,
    },
}


def possible(state: str, transition: Transition) -> bool:
    """Return whether ``state`` allows the transition; its label takes precedence over its id."""
    allowed = ALLOWED.get(state, {})
    if transition.label:
        return transition.label in allowed
    return transition.id in allowed.values()


def refuse_impossible(node: Node, state: Callable[[], str], log: ThrottledLog) -> None:
    """Refuse impossible transitions of a lifecycle node, and log them escaped.

    rcl_lifecycle would log the label of each one unescaped, which could forge log lines.

    Args:
        node: the lifecycle node.
        state: returns its current state.
        log: for refused requests.

    """
    for service in node.services:
        if service.srv_type is ChangeState:
            service.callback = _refusing(service.callback, state, log)


def _refusing(
    callback: Callable[..., ChangeState.Response], state: Callable[[], str], log: ThrottledLog
) -> Callable[..., ChangeState.Response]:
    def change_state(
        request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        transition = request.transition
        if possible(state(), transition):
            return callback(request, response)
        wanted = printable(transition.label or transition.id, 80)
        log.warning('transition', f"transition '{wanted}' refused: the node is {state()}")
        response.success = False
        return response

    return change_state
