# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The page of a running node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import http.client
import json
import re
import threading
from typing import Any

from face_affect_msgs.msg import FaceAffectArray
from harness import BAG_TOPIC, BIDEN, DEADLINE, demo_jpegs, jpeg_image, Process, Robot
import pytest
from sensor_msgs.msg import CompressedImage

pytest.importorskip('uvicorn', reason="the page needs pip's extra view")

PICTURES = '/face_affect/debug_image/compressed'
RESULTS = '/face_affect/faces'


def start(robot: Robot, **parameters: Any) -> Process:
    words = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
    return robot.start('live_view', '--ros-args', *words)


def port_of(robot: Robot, page: Process) -> int:
    robot.spin_until(lambda: 'page: http' in page.output, 'the address of the page')
    found = re.search(r'page: http://127\.0\.0\.1:(\d+)/', page.output)
    assert found
    return int(found[1])


@contextmanager
def looking(port: int, path: str) -> Iterator[list[bytes]]:
    """Yield the data that a browser receives from a page."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=DEADLINE)
    connection.request('GET', path)
    answer = connection.getresponse()
    lines: list[bytes] = []

    def read() -> None:
        try:
            for line in answer:
                lines.append(line)
        except (OSError, ValueError, AttributeError):
            pass  # closed below

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        if connection.sock is not None:
            connection.sock.shutdown(2)
        thread.join(DEADLINE)
        connection.close()


def faces_in(lines: list[bytes]) -> list[Any]:
    return [
        face
        for line in lines
        if line.startswith(b'data: ') and b'"faces"' in line
        for face in json.loads(line[6:])['faces']
    ]


def test_faces_and_pictures_of_a_node(robot: Robot) -> None:
    robot.start_node(
        [f'image/compressed:={BAG_TOPIC}'], autostart=True, image_transport='compressed'
    )
    camera = robot.node.create_publisher(CompressedImage, BAG_TOPIC, 10)
    robot.spin_until(camera.get_subscription_count, 'the active node')
    port = port_of(robot, start(robot, port=0))
    # Without a browser, there are no subscriptions.
    robot.spin_until(lambda: robot.node.count_publishers(RESULTS) == 1, 'the results')
    assert robot.node.count_subscribers(PICTURES) == 0
    assert robot.node.count_subscribers(RESULTS) == 0
    picture = jpeg_image(demo_jpegs()[BIDEN])

    def show() -> None:
        picture.header.stamp = robot.node.get_clock().now().to_msg()
        camera.publish(picture)

    timer = robot.node.create_timer(0.1, show)
    with looking(port, '/events') as events:
        robot.spin_until(lambda: len(faces_in(events)) >= 3, 'faces on the page')
        assert robot.node.count_subscribers(PICTURES) == 0
        face = faces_in(events)[-1]
        assert face['gender']['label'] == 'male'
        assert sum(face['emotion']['probabilities'].values()) == pytest.approx(1, abs=0.01)
        (state,) = [json.loads(line[6:]) for line in events if b'"faces"' in line][-1:]
        assert 0 < state['latency_ms'] < 60_000
        saliency = f'/saliency?face={face["id"]}'
        with looking(port, '/picture') as parts, looking(port, saliency) as why:
            robot.spin_until(lambda: b'\xff\xd8' in b''.join(parts), 'a picture')
            robot.spin_until(lambda: b'\xff\xd8' in b''.join(why), 'a saliency picture')
        robot.spin_until(lambda: not robot.node.count_subscribers(PICTURES), 'its end')
    robot.spin_until(lambda: not robot.node.count_subscribers(RESULTS), 'the end of all')
    timer.cancel()


def test_malformed_images_are_dropped(robot: Robot) -> None:
    page = start(robot, port=0)
    publisher = robot.node.create_publisher(CompressedImage, PICTURES, 1)
    faces = robot.node.create_publisher(FaceAffectArray, RESULTS, 1)
    with looking(port_of(robot, page), '/picture') as parts:
        # Repeatedly: best-effort messages may be lost while publisher and page discover each other
        sent = [jpeg_image(b'GIF89a')]
        timer = robot.node.create_timer(0.1, lambda: publisher.publish(sent[-1]))
        robot.spin_until(lambda: ', expected a JPEG' in page.output, 'a warning')
        sent.append(jpeg_image(demo_jpegs()[0]))
        robot.spin_until(lambda: b'\xff\xd8' in b''.join(parts), 'a picture')
        timer.cancel()
    assert page.running
    assert not faces.get_subscription_count()


def test_a_port_that_is_taken(robot: Robot) -> None:
    port = port_of(robot, start(robot, port=0))
    second = start(robot, port=port)
    assert robot.spin_to_end(second) == 1
    assert f'port {port}: Address already in use; choose another port' in second.output
    assert 'Traceback' not in second.output


@pytest.mark.parametrize(
    'parameter, value, message',
    [
        ('address', 'robot', "cannot serve the page on 'robot': expected an IP address"),
        ('node', '/a//b', "node is '/a//b', but must be a fully qualified name"),
        ('port', 70000, 'port is 70000, but must be from 0 to 65535'),
    ],
)
def test_wrong_parameters(robot: Robot, parameter: str, value: object, message: str) -> None:
    page = start(robot, **{parameter: value})
    assert robot.spin_to_end(page) == 1
    assert message in page.output
    assert 'Traceback' not in page.output
