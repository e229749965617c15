# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Turn the head towards the person who speaks to the robot.

The direction of a voice arrives on sound_direction (std_msgs/Float64): radians from the robot's
front, positive to the left. The bearing of the face closest to it becomes a command of the pan
joint. Replace ``StandInJoint``. The camera is on the head; the node has publish_bearing.
"""

from contextlib import suppress
import math
import time

from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status
from py_trees.composites import Sequence
from py_trees.trees import BehaviourTree
import rclpy
from rclpy.executors import ExternalShutdownException
from std_msgs.msg import Float64

from face_affect.behaviours import FacesToBlackboard
from face_affect.behaviours.blackboard import FACES, NAMESPACE

# Radians: limit of the joint; maximum angle between voice and face; tolerance of the head's angle
LIMIT, SAME, CLOSE = 1.2, 0.35, 0.05
GAIN = 0.5  # fraction of the angle per image; below 1, since the head still moves at the next one
PATIENCE = 1.0  # seconds for which a voice is valid


class StandInJoint:
    """An ideal pan joint without dynamics; ``position``: radians, positive to the left."""

    position = 0.0

    def command(self, position: float) -> None:
        """Move to ``position``, radians, within the limits."""
        self.position = max(-LIMIT, min(LIMIT, position))
        print(f'pan joint: {self.position:+.2f} rad', flush=True)


class TurnToSpeaker(Behaviour):
    """RUNNING while the head turns, SUCCESS when it faces the speaker, FAILURE without one."""

    def __init__(self, joint: StandInJoint) -> None:
        """Command ``joint``."""
        super().__init__('Turn to speaker')
        self._joint, self._voice, self._heard, self._used = joint, 0.0, -math.inf, None
        self._blackboard = self.attach_blackboard_client(namespace=NAMESPACE)
        self._blackboard.register_key(FACES, access=Access.READ)

    def hear(self, voice: Float64) -> None:
        """Store the direction of a voice."""
        self._voice, self._heard = voice.data, time.monotonic()

    def update(self) -> Status:
        """Command one step per image towards the speaker."""
        result, voice = self._blackboard.get(FACES), self._voice - self._joint.position
        angles = [math.atan2(-f.bearing.x, f.bearing.z) for f in result.faces if f.has_bearing]
        angle = min(angles, key=lambda each: abs(each - voice), default=math.inf)
        if time.monotonic() - self._heard > PATIENCE or not abs(angle - voice) <= SAME:
            return Status.FAILURE
        if abs(angle) > CLOSE and result.header != self._used:
            self._used = result.header
            self._joint.command(self._joint.position + GAIN * angle)
        return Status.SUCCESS if abs(angle) <= CLOSE else Status.RUNNING


if __name__ == '__main__':
    rclpy.init()
    node, turn = rclpy.create_node('turn_to_speaker'), TurnToSpeaker(StandInJoint())
    node.create_subscription(Float64, 'sound_direction', turn.hear, 1)
    tree = BehaviourTree(Sequence('Attend', False, children=[FacesToBlackboard('Faces'), turn]))
    tree.setup(node=node)
    node.create_timer(0.1, tree.tick)
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
