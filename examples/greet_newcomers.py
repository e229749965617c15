# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Greet who comes, by id: without names, pictures or anything stored.

Each id is greeted once, several newcomers together, and after a greeting the robot is silent for
the cool-down. Ids are not persons: who was away for longer than the node's forget_time has a new
one and is greeted again, at most once per cool-down. Replace ``say`` by your robot's voice.
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
    """Greets newcomers; times are the images' own, so that a bag gives the same greetings."""

    def __init__(
        self, say: Callable[[str], None], cool_down: float = 20.0, min_time: float = 0.5
    ) -> None:
        """Speak by ``say``; ``cool_down`` and ``min_time``, how long a face is there: seconds."""
        self._say = say
        self._cool_down = cool_down
        self._min_time = min_time
        self._greeted: deque[int] = deque(maxlen=REMEMBERED)
        self._last = -math.inf

    def add(self, result: FaceAffectArray) -> None:
        """Greet the newcomers of a result, if there are any and the cool-down is over."""
        now = to_seconds(result.header.stamp)
        if now < self._last:  # a bag plays again
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
    """Greet until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--topic', default='/face_affect/faces', help='default: %(default)s')
    parser.add_argument('--cool-down', type=float, default=20.0, help='seconds, %(default)s')
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    rclpy.init(args=sys.argv)
    node = rclpy.create_node('greeter')
    greeter = Greeter(lambda text: print(text, flush=True), options.cool_down)
    node.create_subscription(FaceAffectArray, options.topic, greeter.add, 10)
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == '__main__':
    main()
