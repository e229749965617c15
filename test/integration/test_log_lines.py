# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Texts from outside are escaped in log, diagnostics and responses."""

from __future__ import annotations

from harness import Camera, raw_image, Robot
import pytest
from sensor_msgs.msg import Image

from face_affect.core.text import LIMIT

# Clears the screen, forges a line, reverses the writing direction; far too long
NASTY = '\x1b[2J\n[INFO] [1.0] [face_affect]: all is well\u202e' * 1000


def assert_harmless(text: str) -> None:
    assert text.isprintable()
    # The log line has some text around it.
    assert len(text) < LIMIT + 200


@pytest.fixture
def lines(robot: Robot) -> list[str]:
    """Return the log of a node that received hostile text by all its interfaces."""
    node = robot.start_node(detector_model='none')
    assert robot.set_parameters(emotion_model=NASTY, detector_model=NASTY)[1].successful
    assert not robot.change_state('configure')
    assert_harmless(robot.report()['last error'])
    refused = robot.set_parameters(image_transport=NASTY[: LIMIT // 4])[0]
    assert not refused.successful
    assert_harmless(refused.reason)
    robot.set_parameters(detector_model='face_detector', emotion_model='emotion_mini_xception')
    assert robot.change_state('configure')
    assert robot.change_state('activate')
    camera = Camera(robot, '/image', Image, frame_id=NASTY[:1000])
    camera.stream(raw_image(NASTY, 2, 2, 2, b'abcd'))
    report = robot.wait_for_report(lambda report: 'dropped: unknown_encoding' in report)
    for text in report.values():
        assert_harmless(text)
    robot.spin_until(lambda: 'image dropped' in node.output, 'a line about the image')
    return node.output.splitlines()


def test_log_lines_cannot_be_forged(lines: list[str]) -> None:
    for line in lines:
        assert_harmless(line)
    assert not [line for line in lines if 'all is well' in line[:60]]
    about_images = [line for line in lines if 'image dropped' in line]
    assert len(about_images) == 1
    assert '\\x1b[2J\\n[INFO]' in about_images[0]


def test_each_result_is_logged_at_debug_level(robot: Robot) -> None:
    options = ['-p', 'autostart:=true', '--log-level', 'face_affect:=debug']
    node = robot.start('face_affect_node', '--ros-args', *options)
    robot.spin_until(lambda: 'waiting for images' in node.output, 'activation')
    camera = Camera(robot, '/image', Image)
    camera.stream(raw_image('bgr8', 64, 64, 64 * 3, bytes(64 * 64 * 3)))
    robot.spin_until(lambda: ': faces=0, ' in node.output, 'a line about a result')
