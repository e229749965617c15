# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
A robot that greets who comes, asks the sad how they are, and thanks the happy for their smile.

It follows an active face_affect node, ticks the tree ten times a second, and prints it whenever a
tick has changed it. To make it your own, replace ``say`` by your robot's voice and add branches.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import os
import sys

from face_affect_msgs.msg import FaceAffect
from py_trees.behaviour import Behaviour
from py_trees.behaviours import Running
from py_trees.common import Access, Status
from py_trees.composites import Selector, Sequence
from py_trees.display import unicode_tree
from py_trees.trees import BehaviourTree
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from face_affect.behaviours import FacesToBlackboard, IsEmotion, IsFacePresent
from face_affect.behaviours.blackboard import MATCHING, NAMESPACE

Voice = Callable[[str, FaceAffect], None]


class Say(Behaviour):
    """Say something to those who fulfilled the condition before; to each only once.

    SUCCESS in the tick in which it speaks, else FAILURE, so that a selector
    goes on to the next branch.
    """

    def __init__(self, name: str, text: str, voice: Voice) -> None:
        """Speak by calling ``voice`` with the text and the face that it is meant for."""
        super().__init__(name)
        self._text = text
        self._voice = voice
        self._told: set[int] = set()
        self._blackboard = self.attach_blackboard_client(namespace=NAMESPACE)
        self._blackboard.register_key(MATCHING, access=Access.READ)

    def update(self) -> Status:
        """Speak to those who have not been told yet."""
        faces = self._blackboard.get(MATCHING)
        for face in faces:
            if face.id not in self._told:
                self._told.add(face.id)
                self._voice(self._text, face)
                self.feedback_message = f'to #{face.id}: {self._text}'
                return Status.SUCCESS
        self.feedback_message = 'has been said'
        return Status.FAILURE


def create_tree(voice: Voice, node: str = '/face_affect') -> Behaviour:
    """Return the root; ``node`` is the fully qualified name of the face_affect node."""
    # Half a second against what is gone at once, a second and a half against a passing look.
    reactions = Selector(
        'React',
        memory=False,
        children=[
            Sequence(
                'Greet',
                memory=False,
                children=[
                    IsFacePresent('Face present?', duration=0.5),
                    Say('Hello', 'Hello! Can I help you?', voice),
                ],
            ),
            Sequence(
                'Thank',
                memory=False,
                children=[
                    IsEmotion('Happy?', 'happy', min_confidence=0.6, duration=1.5),
                    Say('Thank you', 'Thank you for your smile!', voice),
                ],
            ),
            Sequence(
                'Ask',
                memory=False,
                children=[
                    IsEmotion('Sad?', 'sad', min_confidence=0.6, duration=1.5),
                    Say('How are you', 'Is everything all right?', voice),
                ],
            ),
            Running('Look around'),
        ],
    )
    # Without a node the sequence fails at its first child: the robot does not act on what is over.
    return Sequence(
        'Greeter',
        memory=False,
        children=[FacesToBlackboard('Faces', topic=f'{node}/faces'), reactions],
    )


class Greeter(Node):
    """Ticks the tree and prints it."""

    def __init__(self, face_affect: str, rate: float, ready: int | None) -> None:
        """Tick ``rate`` times a second; write to the pipe ``ready`` once results can come."""
        super().__init__('greeter')
        self._ready = ready
        self._topic = f'{face_affect}/faces'
        self._shown: list[Status] = []
        self.tree = BehaviourTree(create_tree(self._say, face_affect))
        self.tree.setup(node=self)
        self.create_timer(1 / rate, self._tick)

    def _say(self, text: str, face: FaceAffect) -> None:
        print(f'\nThe robot says to #{face.id}: {text}', flush=True)

    def _tick(self) -> None:
        if self._ready is not None and self.count_publishers(self._topic):
            os.write(self._ready, b'\n')
            self._ready = None
        self.tree.tick()
        statuses = [each.status for each in self.tree.root.iterate()]
        if statuses != self._shown:
            self._shown = statuses
            print(
                f'\ntick {self.tree.count}\n{unicode_tree(self.tree.root, show_status=True)}',
                end='',
                flush=True,
            )


def main() -> int:
    """Run until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--node',
        default='/face_affect',
        help='the name of the face_affect node (default: %(default)s)',
    )
    parser.add_argument(
        '--rate', type=float, default=10.0, help='ticks a second (default: %(default)s)'
    )
    parser.add_argument('--ready-fd', type=int, help='a pipe to write to once the node is found')
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    greeter = Greeter(options.node, options.rate, options.ready_fd)
    try:
        rclpy.spin(greeter)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        greeter.tree.shutdown()
        greeter.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
