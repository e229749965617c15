# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Greet newcomers by track id, without storing names or images.

Each id is greeted once, several newcomers together; after a greeting, the robot is silent for the
cool-down. Ids do not identify persons: after an absence longer than the node's forget_time, a
person has a new id and is greeted again. Replace ``say`` by your robot's speech output.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable
from contextlib import suppress
import math
import sys

from face_affect_msgs.msg import FaceAffectArray
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.utilities import remove_ros_args

from face_affect.core.stamps import to_seconds

REMEMBERED = 1000  # ids


class Greeter:
    """Greets newcomers; times are stamps of the images, so that a bag reproduces the greetings."""

    def __init__(
        self, say: Callable[[str], None], cool_down: float = 20.0, min_time: float = 0.5
    ) -> None:
        """Speak by ``say``; seconds between greetings, and minimum seconds of a face's track."""
        self._say = say
        self._cool_down = cool_down
        self._min_time = min_time
        self._greeted: deque[int] = deque(maxlen=REMEMBERED)
        self._last = -math.inf

    def add(self, result: FaceAffectArray) -> None:
        """Greet the newcomers of a result, if there are any and the cool-down is over."""
        now = to_seconds(result.header.stamp)
        if now < self._last:  # A bag was restarted.
            self._last = -math.inf
        newcomers = [
            face.id
            for face in result.faces
            if face.id not in self._greeted and to_seconds(face.tracked_for) >= self._min_time
        ]
        if newcomers and now - self._last >= self._cool_down:
            self._greeted.extend(newcomers)
            self._last = now
            self._say('Hello!' if len(newcomers) == 1 else f'Hello, you {len(newcomers)}!')


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--topic', default='/face_affect/faces', help='default: %(default)s')
    cool_down = 'seconds between greetings (default: %(default)s)'
    parser.add_argument('--cool-down', type=float, default=20.0, help=cool_down)
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    node = rclpy.create_node('greeter')
    greeter = Greeter(lambda text: print(text, flush=True), options.cool_down)
    node.create_subscription(FaceAffectArray, options.topic, greeter.add, 10)
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == '__main__':
    main()
