# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write the node's results to the blackboard."""

from __future__ import annotations

from collections import deque
import time
from typing import Any

from face_affect_msgs.msg import FaceAffectArray
from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from face_affect.behaviours.blackboard import FACES, HISTORY, NAMESPACE
from face_affect.behaviours.history import FaceHistory

INBOX = 1000  # maximum results between two ticks; older ones are dropped


class FacesToBlackboard(Behaviour):
    """Write the newest result and the history to the blackboard.

    * SUCCESS: the newest result arrived within the last ``timeout`` seconds (an image without
      faces gives a result, too).
    * RUNNING: waiting for the first result, for at most ``timeout`` seconds.
    * FAILURE: no result arrived for ``timeout`` seconds; the feedback message has the reason, and
      the keys are removed from the blackboard, so that no behaviour uses an outdated result.

    Writes ``faces`` (FaceAffectArray) and ``history`` (FaceHistory). Place it in the tree so that
    it is ticked in every tick, before the behaviours that read these keys.
    """

    def __init__(
        self,
        name: str,
        topic: str = '/face_affect/faces',
        timeout: float = 2.0,
        memory: float = 10.0,
        namespace: str = NAMESPACE,
    ) -> None:
        """Subscribe to ``topic`` at setup.

        Args:
            name: of the behaviour.
            topic: the node's ``~/faces``.
            timeout: maximum seconds without a result, by a steady clock rather than simulated
                time.
            memory: seconds of the history, which limit the ``duration`` of conditions.
            namespace: of the blackboard keys.

        Raises:
            ValueError: timeout or memory is not positive.

        """
        super().__init__(name)
        if not timeout > 0:
            raise ValueError(f'timeout is {timeout} s, but must be positive')
        self._topic = topic
        self._timeout = timeout
        self._history = FaceHistory(memory)
        self._inbox: deque[FaceAffectArray] = deque(maxlen=INBOX)
        self._node: Node | None = None
        self._subscription: Subscription | None = None
        self._last_arrival = 0.0
        self._blackboard = self.attach_blackboard_client(namespace=namespace)
        for key in (FACES, HISTORY):
            self._blackboard.register_key(key, access=Access.WRITE)

    def setup(self, **kwargs: Any) -> None:
        """Subscribe.

        Raises:
            KeyError: no ``node`` is given.

        """
        if 'node' not in kwargs:
            raise KeyError(f'{self.qualified_name}: setup needs a ROS node: setup(node=...)')
        self._node = kwargs['node']
        self._last_arrival = time.monotonic()
        # Reliable: a face that appears or leaves between two ticks must not be lost.
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
        self._subscription = self._node.create_subscription(
            FaceAffectArray, self._topic, self._on_result, qos
        )

    def update(self) -> Status:
        """Add the results that arrived since the last tick; return whether they are current."""
        fresh = bool(self._inbox)
        while self._inbox:
            self._history.add(self._inbox.popleft())
        if fresh:
            self._last_arrival = time.monotonic()
        silence = time.monotonic() - self._last_arrival
        newest = self._history.newest
        if silence > self._timeout:
            self._forget()
            self.feedback_message = f'no result for {silence:.1f} s{self._why()}'
            return Status.FAILURE
        if newest is None:
            self.feedback_message = f'waiting for the first result{self._why()}'
            return Status.RUNNING
        self._blackboard.set(FACES, newest)
        self._blackboard.set(HISTORY, self._history)
        count = len(newest.faces)
        self.feedback_message = f'{count} face{"" if count == 1 else "s"}'
        return Status.SUCCESS

    def shutdown(self) -> None:
        """Unsubscribe."""
        if self._node is not None and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_result(self, message: FaceAffectArray) -> None:
        self._inbox.append(message)

    def _forget(self) -> None:
        self._history = FaceHistory(self._history.memory)
        for key in (FACES, HISTORY):
            self._blackboard.unset(key)

    def _why(self) -> str:
        if self._node is None:
            return ': the tree was not set up with a node'
        if not self._node.count_publishers(self._topic):
            return f': no publisher on {self._topic}'
        return f' on {self._topic}: check that the node is active and the camera runs'
