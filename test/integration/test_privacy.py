# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The node stores no image and communicates in its ROS domain only."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path

from face_affect_msgs.msg import FaceAffectArray
from harness import BAG, BAG_TOPIC, demo_jpegs, jpeg_image, Robot
import pytest
from sensor_msgs.msg import CompressedImage

FRAMES = 20  # at least, of the 255 that are played four times as fast as they were taken
WRITABLE = ('HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME')


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory, environment: None) -> Iterator[Path]:
    """Return the root of all folders that processes of a test may write to."""
    root = tmp_path_factory.mktemp('root')
    (root / 'cwd').mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root / 'cwd')
        patch.setenv('ROS_LOG_DIR', str(root / 'ros'))  # for this process, which is the client
        for name in WRITABLE:
            (root / name).mkdir()
            patch.setenv(name, str(root / name))
        yield root


@pytest.fixture(scope='module')
def pid(root: Path) -> Iterator[int]:
    """Return the id of a node that has processed the demo bag and a malformed image."""
    robot = Robot(root)
    try:
        node = robot.start_node(
            [f'image/compressed:={BAG_TOPIC}'], autostart=True, image_transport='compressed'
        )
        results = robot.subscribe(FaceAffectArray, '/face_affect/faces')
        debug = robot.subscribe(CompressedImage, '/face_affect/debug_image/compressed')
        camera = robot.node.create_publisher(CompressedImage, BAG_TOPIC, 10)
        robot.spin_until(camera.get_subscription_count, 'the active node')
        (node_pid,) = {int(log.stem.split('_')[-2]) for log in ros_logs(root)} - {os.getpid()}
        player = robot.play(str(BAG), '--wait-for-subscriber', '30', '--rate', '4')
        assert robot.spin_to_end(player) == 0
        robot.spin_until(lambda: len(results) >= FRAMES, f'{FRAMES} results')
        assert any(result.faces for result in results) and debug
        # The first bytes of an image, which must not be logged
        camera.publish(jpeg_image(demo_jpegs()[0][:1000]))
        robot.spin_until(lambda: 'image dropped' in node.output, 'a line about the broken picture')
        yield node_pid
    finally:
        robot.close()


def ros_logs(root: Path) -> list[Path]:
    return list((root / 'ros').iterdir())


def open_for_writing(pid: int) -> set[Path]:
    """Return the regular files that a process has open to write."""
    paths = set()
    for descriptor in Path(f'/proc/{pid}/fd').iterdir():
        flags = int(Path(f'/proc/{pid}/fdinfo', descriptor.name).read_text().split()[3], 8)
        if descriptor.is_file() and flags & os.O_ACCMODE != os.O_RDONLY:
            paths.add(descriptor.readlink())
    return paths


def tcp_sockets(pid: int) -> set[str]:
    """Return the inodes of a process's TCP sockets."""
    own = {str(each.readlink()) for each in Path(f'/proc/{pid}/fd').iterdir()}
    rows = [
        line.split()
        for name in ('tcp', 'tcp6')
        for line in Path(f'/proc/{pid}/net', name).read_text().splitlines()[1:]
    ]
    return {row[9] for row in rows if f'socket:[{row[9]}]' in own}


def test_only_logs_are_written(root: Path, pid: int) -> None:
    """ROS's logs, and what the test itself keeps of the processes' output."""
    written = [path for path in root.rglob('*') if path.is_file()]
    outputs = list(root.glob('*.txt'))
    assert sorted(written) == sorted(ros_logs(root) + outputs)
    for path in written:
        text = path.read_text(encoding='utf-8')  # strictly: the bytes of a picture are not UTF-8
        assert text.replace('\n', '').isprintable()
        assert len(text) < min(map(len, demo_jpegs()))


def test_no_other_file_is_open_to_be_written(root: Path, pid: int) -> None:
    # Fast DDS passes messages between processes by files in /dev/shm.
    assert [
        path
        for path in open_for_writing(pid)
        if root not in path.parents and path.parent != Path('/dev/shm')
    ] == []


def test_no_connection_is_open(pid: int) -> None:
    assert tcp_sockets(pid) == set()
