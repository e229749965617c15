# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Waiting, through the node's action, for a face that shows something."""

from __future__ import annotations

import time
from typing import Any

from face_affect_msgs.action import WaitForAffect as Action
from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.duration import Duration
from rclpy.task import Future

from face_affect.behaviours.blackboard import MATCHING, NAMESPACE
from face_affect.core.affect_query import AffectCriteria
from face_affect.core.stamps import to_seconds
from face_affect.core.tasks import EMOTION, GENDER, TASKS


class WaitForAffect(Behaviour):
    """Wait until a face has shown an emotion, looked like a gender, or both.

    * RUNNING: waiting; the feedback message says how far it is.
    * SUCCESS: ``matching_faces`` on the blackboard holds the face.
    * FAILURE: the time is over, the node refused the goal or gave it up, or it is not there or
      dead: nothing was heard of it for ``patience`` seconds.

    The node does the waiting, image by image; it is told to stop if the tree
    turns to something else. Unlike the conditions it needs no FacesToBlackboard.
    """

    def __init__(
        self,
        name: str,
        emotion: str | None = None,
        gender: str | None = None,
        min_confidence: float = 0.0,
        duration: float = 0.0,
        timeout: float = 0.0,
        action: str = '/face_affect/wait_for_affect',
        patience: float = 3.0,
        namespace: str = NAMESPACE,
    ) -> None:
        """Connect to ``action`` at setup; send a goal at every start.

        Args:
            name: of the behaviour.
            emotion: angry, disgust, fear, happy, sad, surprise or neutral; None: any.
            gender: female or male; None: any.
            min_confidence: least smoothed probability, 0 to 1.
            duration: seconds without a break, by the stamps of the images.
            timeout: seconds to wait, by the node's clock; 0: for ever.
            action: the node's ``~/wait_for_affect``.
            patience: seconds within which the node must be found, answer, and go on to send
                feedback, which it does at every image.
            namespace: of the key on the blackboard.

        Raises:
            ValueError: there is no such emotion or gender, or a number is out of range.

        """
        given = {EMOTION.name: emotion, GENDER.name: gender}
        labels = {task: label for task, label in given.items() if label is not None}
        AffectCriteria(labels, min_confidence=min_confidence, duration=duration)
        if not timeout >= 0:
            raise ValueError(f'timeout is {timeout} s, but must not be negative')
        if not patience > 0:
            raise ValueError(f'patience is {patience} s, but must be positive')
        super().__init__(name)
        self._goal = Action.Goal(
            **{
                task.name: task.labels.index(labels[task.name])
                if task.name in labels
                else Action.Goal.ANY
                for task in TASKS
            },
            min_confidence=float(min_confidence),
            duration=Duration(seconds=duration).to_msg(),
            timeout=Duration(seconds=timeout).to_msg(),
        )
        self._action = action
        self._patience = patience
        self._client: ActionClient | None = None
        self._response: Future | None = None
        self._result: Future | None = None
        self._heard = 0.0
        self._blackboard = self.attach_blackboard_client(namespace=namespace)
        self._blackboard.register_key(MATCHING, access=Access.WRITE)

    def setup(self, **kwargs: Any) -> None:
        """Connect, without waiting for the node.

        Raises:
            KeyError: no ``node`` is given.

        """
        if 'node' not in kwargs:
            raise KeyError(f'{self.qualified_name}: setup needs a ROS node: setup(node=...)')
        self._client = ActionClient(kwargs['node'], Action, self._action)

    def initialise(self) -> None:
        """Send a new goal."""
        self._response = self._result = None
        self._heard = time.monotonic()
        self.feedback_message = ''

    def update(self) -> Status:
        """Look how far the goal is."""
        if self._client is None:
            return self._fail('the tree was not set up with a node')
        if self._response is None:
            if not self._client.server_is_ready():
                return self._patiently(f'there is no action server {self._action}')
            self._response = self._client.send_goal_async(
                self._goal, feedback_callback=self._on_feedback
            )
            self._heard = time.monotonic()
        if not self._response.done():
            return self._patiently(f'{self._action} does not answer')
        handle: ClientGoalHandle | None = self._response.result()
        if handle is None or not handle.accepted:
            return self._fail('goal rejected: the node is not active, or does not estimate that')
        if self._result is None:
            self._result = handle.get_result_async()
            self._heard = time.monotonic()
        if not self._result.done():
            return self._patiently('no feedback: the node is dead or paused, or gets no images')
        answer: Any = self._result.result()
        result: Action.Result = answer.result
        if not result.success:
            return self._fail(result.message or 'the node gave up')
        self._blackboard.set(MATCHING, [result.face])
        self.feedback_message = f'#{result.face.id}'
        return Status.SUCCESS

    def terminate(self, new_status: Status) -> None:
        """Call the goal off, if it is not decided."""
        if self._response is not None and (self._result is None or not self._result.done()):
            # At once, if the node has accepted the goal; else as soon as it does.
            self._response.add_done_callback(_cancel)
        self._response = self._result = None

    def shutdown(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def _patiently(self, trouble: str) -> Status:
        """Go on to wait, unless nothing was heard of the node for too long."""
        silence = time.monotonic() - self._heard
        if silence > self._patience:
            return self._fail(f'{trouble} ({silence:.1f} s)')
        self.feedback_message = self.feedback_message or 'waiting'
        return Status.RUNNING

    def _fail(self, reason: str) -> Status:
        self.feedback_message = reason
        return Status.FAILURE

    def _on_feedback(self, message: Any) -> None:
        self._heard = time.monotonic()
        if self.status != Status.RUNNING:
            return  # of a goal that is over
        feedback = message.feedback
        self.feedback_message = (
            f'#{feedback.face_id} for {to_seconds(feedback.shown_for):.1f} s'
            if feedback.face_id
            else f'{feedback.faces} faces, none shows it'
        )


def _cancel(response: Future) -> None:
    handle = response.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()
