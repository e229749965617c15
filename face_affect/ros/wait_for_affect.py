# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Serve the action ~/wait_for_affect."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from face_affect_msgs.action import WaitForAffect
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from face_affect.core.affect_query import AffectCriteria, AffectQuery
from face_affect.core.faces import Face, FrameResult
from face_affect.core.stamps import set_seconds, to_nanoseconds, to_seconds
from face_affect.core.tasks import Task, TASKS
from face_affect.ros.conversions import face_to_message
from face_affect.ros.throttled_log import ThrottledLog

TIMEOUT_CHECK = 0.1  # seconds between checks for timeouts and cancel requests
MAX_GOALS = 100  # waiting at once; each costs memory, and time for every result


def wanted_from(goal: WaitForAffect.Goal) -> AffectCriteria:
    """Return the criteria of ``goal``.

    Raises:
        ValueError: a label is not one of the constants, or a number is out of range.

    """
    labels = {task.name: _label(getattr(goal, task.name), task) for task in TASKS}
    return AffectCriteria(
        {name: label for name, label in labels.items() if label is not None},
        face_id=goal.face_id or None,
        min_confidence=goal.min_confidence,
        duration=to_seconds(goal.duration),
    )


def _label(code: int, task: Task) -> str | None:
    if code == WaitForAffect.Goal.ANY:
        return None
    if code >= len(task.labels):
        raise ValueError(
            f'{task.name} is {code}, but must be from 0 to {len(task.labels) - 1}, '
            f'or {WaitForAffect.Goal.ANY} for any'
        )
    return task.labels[code]


@dataclass
class _Pending:
    """A waiting goal. Its execute callback runs only once its result is known.

    ``deadline``: nanoseconds on the node's clock; None: no timeout.
    """

    handle: ServerGoalHandle
    watch: AffectQuery
    deadline: int | None


class WaitForAffectServer:
    """An action server for up to ``MAX_GOALS`` waiting goals, which does not block the executor.

    ``add_result`` may be called on any thread; goals end on the executor's.
    """

    def __init__(
        self, node: Node, refuse: Callable[[AffectCriteria], str | None], log: ThrottledLog
    ) -> None:
        """Create the server.

        Args:
            node: owns the server.
            refuse: returns why a goal must be rejected, or None.
            log: for rejected goals.

        """
        self._log = log
        self._node = node
        self._refuse = refuse
        self._pending: list[_Pending] = []
        self._results: deque[FrameResult] = deque()
        self._guard = node.create_guard_condition(self._take_results)
        # A steady clock: goals must be cancellable while simulated time stands still.
        self._timer = node.create_timer(
            TIMEOUT_CHECK, self._check_time, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._timer.cancel()
        self._checked = self._now()
        self._server = ActionServer(
            node,
            WaitForAffect,
            '~/wait_for_affect',
            execute_callback=lambda handle: None,
            goal_callback=self._accept,
            handle_accepted_callback=self._start,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def add_result(self, result: FrameResult) -> None:
        """Queue the result of one image; may be called on any thread."""
        if self._pending:
            self._results.append(result)
            self._guard.trigger()

    def abort_all(self, reason: str) -> bool:
        """Abort every goal; return whether there was any.

        The executor sends the results when it is spun further.
        """
        waiting = list(self._pending)
        for pending in waiting:
            self._decide(pending, None, reason)
        return bool(waiting)

    def destroy(self) -> None:
        """Release everything on the node."""
        self._server.destroy()
        self._node.destroy_timer(self._timer)
        self._node.destroy_guard_condition(self._guard)

    def _accept(self, goal: WaitForAffect.Goal) -> GoalResponse:
        try:
            if goal.timeout.sec < 0:
                raise ValueError(f'timeout is {goal.timeout.sec} s, but must not be negative')
            if len(self._pending) >= MAX_GOALS:
                raise ValueError(
                    f'{len(self._pending)} goals wait already, at most {MAX_GOALS} may: '
                    'cancel one, or give goals a timeout'
                )
            reason = self._refuse(wanted_from(goal))
        except ValueError as error:
            reason = str(error)
        if reason is None:
            return GoalResponse.ACCEPT
        self._log.warning('goal', f'wait_for_affect: goal rejected: {reason}')
        return GoalResponse.REJECT

    def _start(self, handle: ServerGoalHandle) -> None:
        goal = handle.request
        timeout = to_nanoseconds(goal.timeout)
        now = self._now()
        deadline = now + timeout if timeout else None
        if not self._pending:
            self._checked = now
            self._timer.reset()
        self._pending.append(_Pending(handle, AffectQuery(wanted_from(goal)), deadline))

    def _take_results(self) -> None:
        while self._results:
            result = self._results.popleft()
            for pending in list(self._pending):
                face = pending.watch.update(result)
                self._send_feedback(pending, len(result.faces))
                if face is not None:
                    self._decide(pending, (face, result), '')

    def _now(self) -> int:
        """Return the time of the node's clock, nanoseconds."""
        return int(self._node.get_clock().now().nanoseconds)

    def _check_time(self) -> None:
        now = self._now()
        back = self._checked - now
        self._checked = now
        for pending in list(self._pending):
            if pending.deadline is not None and back > 0:  # A bag was restarted.
                pending.deadline -= back
            if pending.handle.is_cancel_requested:
                self._decide(pending, None, 'cancelled')
            elif pending.deadline is not None and now >= pending.deadline:
                self._decide(pending, None, 'timeout')

    def _send_feedback(self, pending: _Pending, faces: int) -> None:
        face_id, shown = pending.watch.longest
        feedback = WaitForAffect.Feedback(face_id=face_id, faces=faces)
        set_seconds(feedback.shown_for, shown)
        pending.handle.publish_feedback(feedback)

    def _decide(
        self, pending: _Pending, found: tuple[Face, FrameResult] | None, reason: str
    ) -> None:
        self._pending.remove(pending)
        if not self._pending:
            self._timer.cancel()
        result = WaitForAffect.Result(success=found is not None, message=reason)
        if found:
            face, frame = found
            result.face = face_to_message(face, frame.width, frame.height)
        pending.handle.execute(lambda handle: _finish(handle, result))


def _finish(handle: ServerGoalHandle, result: WaitForAffect.Result) -> WaitForAffect.Result:
    if handle.is_cancel_requested:
        handle.canceled()
    elif result.success:
        handle.succeed()
    else:
        handle.abort()
    return result
