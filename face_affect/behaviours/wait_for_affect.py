# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Wait for an emotion or a gender by the node's action."""

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
    """Wait until a face has had an emotion, a gender, or both for the given duration.

    * RUNNING: waiting; the feedback message has the progress.
    * SUCCESS: ``matching_faces`` on the blackboard has the face.
    * FAILURE: the goal timed out, was rejected or aborted, or the action server sent no response
      or feedback for ``patience`` seconds.

    The node evaluates every image, whatever the tick rate. The goal is cancelled if the tree
    leaves this behaviour. Unlike the conditions, it does not need FacesToBlackboard.
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
            min_confidence: minimum smoothed probability, 0 to 1.
            duration: seconds for which one face must show it continuously, by the stamps of the
                images.
            timeout: maximum seconds to wait, by the node's clock; 0: no limit.
            action: the node's ``~/wait_for_affect``.
            patience: maximum seconds without the server, its response, or feedback, which it
                sends for every image.
            namespace: of the blackboard key.

        Raises:
            ValueError: the emotion or gender is unknown, or a number is out of range.

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
        """Create the action client, without waiting for the node.

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
        """Send the goal if it has not been sent; return its status."""
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
            return self._fail(
                'goal rejected: the node is not active, or the requested estimate is disabled'
            )
        if self._result is None:
            self._result = handle.get_result_async()
            self._heard = time.monotonic()
        if not self._result.done():
            return self._patiently('no feedback: the node died, is paused, or receives no images')
        answer: Any = self._result.result()
        result: Action.Result = answer.result
        if not result.success:
            return self._fail(result.message or 'the node aborted the goal')
        self._blackboard.set(MATCHING, [result.face])
        self.feedback_message = f'#{result.face.id}'
        return Status.SUCCESS

    def terminate(self, new_status: Status) -> None:
        """Cancel the goal if it has no result yet."""
        if self._response is not None and (self._result is None or not self._result.done()):
            # Called at once if the node has accepted the goal, else when it does.
            self._response.add_done_callback(_cancel)
        self._response = self._result = None

    def shutdown(self) -> None:
        """Destroy the action client."""
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def _patiently(self, trouble: str) -> Status:
        """Return RUNNING, or FAILURE if the node has been silent for ``patience`` seconds."""
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
            return  # feedback of a finished goal
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
