# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Greet people, thank those who smile, and ask sad-looking ones whether everything is all right.

Needs an active face_affect node. Ticks the tree ten times per second, and prints it when a status
has changed. To adapt it, replace ``Greeter._say`` by your robot's speech output and add branches.
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
    """Say a text once to each face that met the condition before.

    SUCCESS in the tick in which it speaks, else FAILURE, so that a selector proceeds to its next
    child.
    """

    def __init__(self, name: str, text: str, voice: Voice) -> None:
        """Create the behaviour; ``voice`` is called with ``text`` and the addressed face."""
        super().__init__(name)
        self._text = text
        self._voice = voice
        self._told: set[int] = set()
        self._blackboard = self.attach_blackboard_client(namespace=NAMESPACE)
        self._blackboard.register_key(MATCHING, access=Access.READ)

    def update(self) -> Status:
        """Speak to the first matching face that has not been addressed yet."""
        faces = self._blackboard.get(MATCHING)
        for face in faces:
            if face.id not in self._told:
                self._told.add(face.id)
                self._voice(self._text, face)
                self.feedback_message = f'to #{face.id}: {self._text}'
                return Status.SUCCESS
        self.feedback_message = 'said already'
        return Status.FAILURE


def create_tree(voice: Voice, node: str = '/face_affect') -> Behaviour:
    """Return the root of the tree.

    Args:
        voice: called with a text and the addressed face.
        node: fully qualified name of the face_affect node.

    """
    # 0.5 s suppress short false detections, 1.5 s brief expressions.
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
    # Without results the sequence fails at its first child, and no outdated result is used.
    return Sequence(
        'Greeter',
        memory=False,
        children=[FacesToBlackboard('Faces', topic=f'{node}/faces'), reactions],
    )


class Greeter(Node):
    """Ticks the tree and prints it."""

    def __init__(self, face_affect: str, rate: float, ready: int | None) -> None:
        """Set the tree up and start ticking.

        Args:
            face_affect: fully qualified name of the face_affect node.
            rate: ticks per second.
            ready: file descriptor to write to once the node is discovered.

        """
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
        help='fully qualified name of the face_affect node (default: %(default)s)',
    )
    parser.add_argument(
        '--rate', type=float, default=10.0, help='ticks per second (default: %(default)s)'
    )
    parser.add_argument(
        '--ready-fd', type=int, help='file descriptor to write to once the node is discovered'
    )
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
