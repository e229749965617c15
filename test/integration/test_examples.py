# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The examples as programs, with a running node."""

from __future__ import annotations

import sys

from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Process, Robot, ROOT
from located_scene import Scene
import pytest
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Float64


def start_example(robot: Robot, name: str) -> Process:
    return robot.start(sys.executable, '-u', str(ROOT / 'examples' / name))


def test_greet_newcomers(robot: Robot) -> None:
    node = robot.start_node(autostart=True, image_transport='compressed')
    example = start_example(robot, 'greet_newcomers.py')
    camera = Camera(robot, '/image/compressed', CompressedImage)
    camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    robot.spin_until(lambda: 'Hello!' in example.output, 'a greeting')
    assert example.running and node.running
    assert 'Traceback' not in example.output


def test_turn_to_speaker(tmp_path_factory: pytest.TempPathFactory) -> None:
    robot = Robot(tmp_path_factory.mktemp('turn'))
    try:
        robot.start_node(autostart=True, image_transport='compressed', publish_bearing=True)
        example = start_example(robot, 'turn_to_speaker.py')
        Scene(robot)
        voices = robot.node.create_publisher(Float64, '/sound_direction', 1)
        robot.node.create_timer(0.1, lambda: voices.publish(Float64(data=0.0)))
        robot.spin_until(lambda: 'pan joint:' in example.output, 'a command')
        assert 'Traceback' not in example.output
    finally:
        robot.close()
