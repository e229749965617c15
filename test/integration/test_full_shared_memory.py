# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A full /dev/shm or log folder, by a real tmpfs in a mount namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import signal
import subprocess
import sys

from harness import BAG, BAG_TOPIC, Camera, COLLINS, demo_jpegs, jpeg_image, Robot, Watcher
import pytest
from sensor_msgs.msg import CompressedImage

END_SECONDS = 5.0
FILL = 'head -c 1G /dev/zero > /dev/shm/full 2> /dev/null'


def in_namespace(
    size: str, script: str, *arguments: str, folder: str | Path = '/dev/shm'
) -> list[str]:
    """Return a command that runs a script where ``folder`` is a tmpfs of ``size``."""
    mount = f'mount -t tmpfs -o size={size} tmpfs {folder}'
    return [
        *('unshare', '--user', '--map-root-user', '--mount'),
        *('bash', '-c', f'{mount} || exit 125; {script}', '-', *arguments),
    ]


@pytest.fixture(scope='module', autouse=True)
def namespaces() -> None:
    """Skip where no file system may be mounted, as in many containers."""
    try:
        done = subprocess.run(in_namespace('1m', 'exit 0'), capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f'cannot mount a tmpfs: {error}')
    if done.returncode:
        pytest.skip(f'cannot mount a tmpfs: {done.stderr.strip()}')


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Robot]:
    """Give a ROS domain to one test."""
    robot = Robot(tmp_path)
    yield robot
    robot.close()


def test_a_node_starts_without_shared_memory(fresh: Robot) -> None:
    parameters = ('autostart:=true', 'image_transport:=compressed', 'confirm_frames:=1')
    words = [word for parameter in parameters for word in ('-p', parameter)]
    node = fresh.start(
        *in_namespace('1m', f'{FILL}; exec "$@"', 'face_affect_node', '--ros-args', *words)
    )
    watcher = Watcher(fresh, Camera(fresh, '/image/compressed', CompressedImage))
    watcher.warm_up(jpeg_image(demo_jpegs()[COLLINS]))
    assert watcher.look_at(jpeg_image(demo_jpegs()[COLLINS])).faces
    assert '/dev/shm has 0 MiB free' in node.output
    assert 'images use UDP' in node.output
    assert node.end(signal.SIGTERM, END_SECONDS) == 0, node.output


def test_a_full_log_folder(fresh: Robot, tmp_path: Path) -> None:
    logs = tmp_path / 'full'
    logs.mkdir()
    words = ('env', f'ROS_LOG_DIR={logs}', 'face_affect_node', '--ros-args')
    options = ('autostart:=true', 'image_transport:=compressed', 'confirm_frames:=1')
    script = f'head -c 1M /dev/zero > {logs}/full; df --output=avail {logs}; exec "$@"'
    parameters = [word for option in options for word in ('-p', option)]
    node = fresh.start(*in_namespace('64k', script, *words, *parameters, folder=logs))
    watcher = Watcher(fresh, Camera(fresh, '/image/compressed', CompressedImage))
    watcher.warm_up(jpeg_image(demo_jpegs()[COLLINS]))
    assert watcher.look_at(jpeg_image(demo_jpegs()[COLLINS])).faces
    assert '\n    0\n' in node.output
    assert node.end(signal.SIGTERM, END_SECONDS) == 0, node.output


NODES = {
    'camera_node': 'camera',
    'face-affect': 'face_affect_player',
    'live_view': 'live_view',
    'ros4hri_bridge': 'ros4hri_bridge',
}


@pytest.mark.parametrize(
    'words',
    [
        ('live_view', '--ros-args', '-p', 'port:=0'),
        ('face-affect', 'play', str(BAG)),
        ('camera_node', '--ros-args', '-p', 'loop:=true', '-p', 'source:=PICTURE'),
        ('ros4hri_bridge',),
    ],
)
def test_other_programs_start_without_shared_memory(
    fresh: Robot, words: tuple[str, ...], tmp_path: Path
) -> None:
    if words[0] == 'ros4hri_bridge':
        pytest.importorskip('hri_msgs.msg')
    picture = tmp_path / 'collins.jpg'
    picture.write_bytes(demo_jpegs()[COLLINS])
    words = tuple(word.replace('PICTURE', str(picture)) for word in words)
    process = fresh.start(*in_namespace('1m', f'{FILL}; exec "$@"', *words))
    name = NODES[words[0]]
    fresh.spin_until(lambda: name in fresh.node.get_node_names(), 'the program')
    assert process.end(signal.SIGTERM, END_SECONDS) in (0, 143), process.output
    assert 'images use UDP' in process.output


CLIENT = """
import subprocess, sys
import rclpy
from face_affect_msgs.msg import FaceAffectArray
rclpy.init()
node = rclpy.create_node('client')
results = []
node.create_subscription(FaceAffectArray, '/face_affect/faces', results.append, 10)
def receive(count):
    results.clear()
    while len(results) < count:
        rclpy.spin_once(node)
receive(5)
subprocess.run(sys.argv[1], shell=True)
receive(30)
print('results go on')
"""
SCRIPT = """
export RCUTILS_COLORIZED_OUTPUT=0
face_affect_node --ros-args -p autostart:=true -p image_transport:=compressed \
    -r image:=/camera/image_raw & node=$!
face-affect play "$1" --loop & player=$!
"$2" -c "$3" "$4"
kill -TERM $node $player
wait $node; echo "node: exit code $?"
wait $player; echo "player: exit code $?"
"""


def test_shared_memory_fills_up_while_it_is_in_use(fresh: Robot) -> None:
    assert BAG_TOPIC == '/camera/image_raw/compressed'
    fill = f'{FILL}; df --output=avail /dev/shm'
    run = fresh.start(*in_namespace('64m', SCRIPT, str(BAG), sys.executable, CLIENT, fill))
    run.wait(60.0)
    assert 'results go on' in run.output, run.output
    assert '\n    0\n' in run.output
    assert 'node: exit code 0' in run.output
    assert 'player: exit code' in run.output
