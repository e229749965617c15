# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The camera node, on videos, pictures and a network stream."""

from __future__ import annotations

from collections.abc import Iterator
import http.server
import itertools
import json
from pathlib import Path
import signal
import threading
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticStatus
from harness import demo_jpegs, Process, Robot
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

WIDTH, HEIGHT, FRAMES = 64, 48, 5
CALIBRATION = """
image_width: {width}
image_height: 48
camera_name: test
camera_matrix: {{rows: 3, cols: 3, data: [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]}}
distortion_model: plumb_bob
distortion_coefficients: {{rows: 1, cols: 5, data: [0.1, -0.2, 0.0, 0.0, 0.0]}}
rectification_matrix: {{rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
projection_matrix: {{rows: 3, cols: 4, data: [60, 0, 32, 0, 0, 60, 24, 0, 0, 0, 1, 0]}}
"""


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video whose frames get brighter and brighter."""
    path = tmp_path_factory.mktemp('video') / 'brighter.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), 10, (WIDTH, HEIGHT))
    for number in range(FRAMES):
        writer.write(np.full((HEIGHT, WIDTH, 3), 40 * number + 20, np.uint8))
    writer.release()
    return path


def start(robot: Robot, source: object, **parameters: Any) -> Process:
    options = [
        word
        for name, value in {'source': source, **parameters}.items()
        for word in ('-p', f'{name}:={json.dumps(value)}')
    ]
    return robot.start('camera_node', '--ros-args', '-r', '__ns:=/camera', *options)


class Received:
    """Images and camera infos of the running camera."""

    def __init__(self, robot: Robot, kind: Any, topic: str) -> None:
        self.images = robot.subscribe(kind, topic)
        self.infos = robot.subscribe(CameraInfo, '/camera/camera_info')
        self._robot = robot

    def wait(self, count: int) -> None:
        self._robot.spin_until(lambda: min(len(self.images), len(self.infos)) >= count, 'images')


def test_video_with_calibration(robot: Robot, video: Path, tmp_path: Path) -> None:
    calibration = tmp_path / 'calibration.yaml'
    calibration.write_text(CALIBRATION.format(width=WIDTH))
    received = Received(robot, Image, '/camera/image_raw')
    process = start(
        robot, str(video), loop=True, frame_id='head_optical', calibration=f'file://{calibration}'
    )
    received.wait(2 * FRAMES)
    assert process.end(signal.SIGINT, 5) == 0
    image = received.images[0]
    assert (image.width, image.height, image.encoding) == (WIDTH, HEIGHT, 'bgr8')
    assert image.header.frame_id == 'head_optical'
    info = received.infos[0]
    assert list(info.k) == [60, 0, 32, 0, 60, 24, 0, 0, 1]
    assert list(info.d) == pytest.approx([0.1, -0.2, 0, 0, 0])
    assert (info.width, info.height, info.distortion_model) == (WIDTH, HEIGHT, 'plumb_bob')
    stamps = {(each.header.stamp.sec, each.header.stamp.nanosec) for each in received.images}
    assert {(each.header.stamp.sec, each.header.stamp.nanosec) for each in received.infos} & stamps
    # In the video's order, and again from its beginning
    means = [float(np.mean(each.data)) for each in received.images]
    steps = np.sign(np.diff(means)).tolist()
    assert 1 in steps and -1 in steps


def test_compressed_and_not_calibrated(robot: Robot, video: Path) -> None:
    received = Received(robot, CompressedImage, '/camera/image_raw/compressed')
    process = start(robot, str(video), loop=True, compressed=True, rate=20)
    received.wait(2)
    assert process.end(signal.SIGTERM, 5) == 0
    picture = cv2.imdecode(np.frombuffer(received.images[0].data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.shape == (HEIGHT, WIDTH, 3)
    info = received.infos[0]
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    assert not any(info.k)  # not calibrated, by the definition of CameraInfo


def test_the_camera_has_diagnostics(robot: Robot, video: Path) -> None:
    received = Received(robot, Image, '/camera/image_raw')
    process = start(robot, str(video), loop=True)
    received.wait(1)
    before = len(robot.statuses('camera'))
    robot.spin_until(lambda: len(robot.statuses('camera')) > before, 'diagnostics')
    status = robot.statuses('camera')[-1]
    assert (status.name, status.level) == ('camera/camera: camera', DiagnosticStatus.OK)
    assert status.message == 'running'
    values = {item.key: item.value for item in status.values}
    assert values['topic'] == '/camera/image_raw'
    assert int(values['images published']) > 0
    assert (values['images dropped'], values['callback errors']) == ('0', '0')
    assert process.end(signal.SIGTERM, 5) == 0


def test_a_video_ends(robot: Robot, video: Path) -> None:
    assert start(robot, str(video)).wait() == 0


class Stream:
    """An HTTP server of JPEGs, like that of a network camera."""

    def __init__(self) -> None:
        end = self.end = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
                self.end_headers()
                for jpeg in itertools.cycle(demo_jpegs()):
                    if end.is_set():
                        return
                    self.wfile.write(
                        b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: '
                        + str(len(jpeg)).encode()
                        + b'\r\n\r\n'
                        + jpeg
                        + b'\r\n'
                    )

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.address = f'http://127.0.0.1:{self.server.server_port}/stream.mjpg'


@pytest.fixture
def stream() -> Iterator[Stream]:
    stream = Stream()
    thread = threading.Thread(target=stream.server.serve_forever)
    thread.start()
    yield stream
    stream.end.set()
    stream.server.shutdown()
    stream.server.server_close()
    thread.join()


def test_a_network_stream_that_was_lost_comes_back(robot: Robot, stream: Stream) -> None:
    received = Received(robot, Image, '/camera/image_raw')
    process = start(robot, stream.address)
    received.wait(2)
    assert (received.images[0].width, received.images[0].height) == (640, 480)
    stream.end.set()
    robot.spin_until(lambda: 'it is reopened in' in process.output, 'the loss')
    count = len(received.images)
    stream.end.clear()
    received.wait(count + 20)
    process.send(signal.SIGTERM)
    assert robot.spin_to_end(process) == 0


@pytest.mark.parametrize(
    'source, message',
    [
        (99, 'cannot open camera 99'),
        ('rtsp://127.0.0.1:9/none', 'cannot open stream rtsp://127.0.0.1:9/none'),
        ('/no/such/video.mp4', '/no/such/video.mp4: no such file or folder'),
    ],
)
def test_source_that_does_not_open(robot: Robot, source: object, message: str) -> None:
    process = start(robot, source)
    assert process.wait() == 1
    assert message in process.output
    assert 'Traceback' not in process.output


def test_calibration_for_another_size(robot: Robot, video: Path, tmp_path: Path) -> None:
    path = tmp_path / 'calibration.yaml'
    path.write_text(CALIBRATION.format(width=640))
    process = start(robot, str(video), calibration=str(path))
    assert process.wait() == 1
    assert 'for 640x48 pixels, but images have 64x48' in process.output
    assert 'Traceback' not in process.output


def test_parameter_of_a_wrong_type(robot: Robot, video: Path) -> None:
    process = start(robot, str(video), rate='fast')
    assert process.wait() == 1
    assert "rate is 'fast', but must be of type float" in process.output
