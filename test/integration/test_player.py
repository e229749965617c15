# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect play: messages, timing, and errors of invalid input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import shutil
import signal
import statistics
import time
from typing import Any

from face_affect_msgs.msg import FaceAffectArray
from harness import BAG, BAG_TOPIC, COLLINS, Process, read_bag, Robot
import pytest
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage

from face_affect.core.stamps import to_nanoseconds

INFO_TOPIC = '/camera/camera_info'
END_SECONDS = 5.0


@dataclass
class Played:
    """Messages of a player: CDR with time of arrival, and the times on /clock."""

    player: Process
    exit_code: int
    messages: list[bytes]
    arrivals: list[float]
    clock: list[int]

    @property
    def pace(self) -> float:
        """The median ratio of elapsed to recorded time between messages."""
        stamps = [
            to_nanoseconds(deserialize_message(data, CompressedImage).header.stamp) * 1e-9
            for data in self.messages
        ]
        return statistics.median(
            (arrival - arrival_before) / (stamp - stamp_before)
            for arrival_before, arrival, stamp_before, stamp in zip(
                self.arrivals, self.arrivals[1:], stamps, stamps[1:]
            )
        )


def assert_unchanged(messages: list[bytes]) -> None:
    """Compare byte by byte with the first messages of the demo bag."""
    for received, (_, recorded) in zip(messages, read_bag()):
        # DDS pads to a multiple of four bytes.
        assert received == recorded.ljust(len(received), b'\0') and len(received) % 4 == 0
        assert len(received) - len(recorded) < 4


def play(
    robot: Robot,
    bag: Path,
    *options: str,
    topic: str = BAG_TOPIC,
    stop_after: int = 0,
    stop_with: signal.Signals = signal.SIGINT,
) -> Played:
    """Play ``bag`` to the end, or until the given number of images has arrived."""
    messages: list[bytes] = []
    arrivals: list[float] = []

    def take(data: bytes) -> None:
        arrivals.append(time.monotonic())
        messages.append(data)

    subscription = robot.node.create_subscription(CompressedImage, topic, take, 100, raw=True)
    clock = robot.subscribe(Clock, '/clock', 5000)
    player = robot.play(str(bag), '--wait-for-subscriber', '30', *options)
    if stop_after:
        robot.spin_until(lambda: len(messages) >= stop_after, 'images')
        exit_code = player.end(stop_with, END_SECONDS)
    else:
        exit_code = robot.spin_to_end(player)
        robot.spin_until(lambda: len(messages) >= len(read_bag()), 'the last image')
    robot.node.destroy_subscription(subscription)
    assert 'Traceback' not in player.output, player.output
    return Played(
        player, exit_code, messages, arrivals, [to_nanoseconds(each.clock) for each in clock]
    )


def write_bag(path: Path, storage: StoragePlugin, frames: Sequence[int]) -> Path:
    """Copy images of the demo bag into another bag."""
    with AnyReader([BAG]) as reader, Writer(path, version=8, storage_plugin=storage) as writer:
        source = next(each for each in reader.connections if each.topic == BAG_TOPIC)
        target = writer.add_connection(BAG_TOPIC, source.msgtype, typestore=reader.typestore)
        for number, (_, stamp, data) in enumerate(reader.messages([source])):
            if number in frames:
                writer.write(target, stamp, data)
    return path


# Data and timing


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_original_timing_until_a_signal(robot: Robot, number: signal.Signals) -> None:
    played = play(robot, BAG, stop_after=30, stop_with=number)
    assert played.exit_code == 0, played.player.output
    assert played.pace == pytest.approx(1, abs=0.15)
    assert_unchanged(played.messages)
    assert not played.clock


@pytest.fixture(scope='module')
def fast(robot: Robot) -> tuple[Played, list[CameraInfo]]:
    infos = robot.subscribe(CameraInfo, INFO_TOPIC)
    return play(
        robot,
        BAG,
        '--rate',
        '4',
        '--clock',
        '--topics',
        BAG_TOPIC,
        '--remap',
        f'{BAG_TOPIC}:=/head/image/compressed',
        topic='/head/image/compressed',
    ), infos


def test_rate(fast: tuple[Played, Any]) -> None:
    assert fast[0].exit_code == 0, fast[0].player.output
    assert fast[0].pace == pytest.approx(0.25, rel=0.2)


def test_raw_bytes_arrive_under_the_new_name(fast: tuple[Played, Any]) -> None:
    assert len(fast[0].messages) == 255
    assert_unchanged(fast[0].messages)


def test_only_the_topics_asked_for(fast: tuple[Played, Any]) -> None:
    assert not fast[1]


def test_clock(fast: tuple[Played, Any]) -> None:
    clock = fast[0].clock
    stamps = [stamp for stamp, _ in read_bag()]
    assert len(clock) > len(stamps)
    assert clock == sorted(clock)
    assert stamps[0] <= clock[0] < stamps[1]
    assert clock[-1] == stamps[-1]


def test_sqlite3(robot: Robot, tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', StoragePlugin.SQLITE3, range(255))
    played = play(robot, bag, '--rate', '20')
    assert played.exit_code == 0, played.player.output
    assert len(played.messages) == 255
    assert_unchanged(played.messages)


def test_all_topics_of_a_bag_file_without_metadata(robot: Robot, tmp_path: Path) -> None:
    infos = robot.subscribe(CameraInfo, INFO_TOPIC, 300)
    played = play(robot, Path(shutil.copy(BAG / 'bag.mcap', tmp_path)), '--rate', '20')
    assert played.exit_code == 0, played.player.output
    assert len(played.messages) == 255
    assert_unchanged(played.messages)
    robot.spin_until(lambda: len(infos) == len(read_bag(INFO_TOPIC)), 'all calibrations')


def test_node_lives_through_a_loop(tmp_path: Path) -> None:
    # The bag restarts after her entrance, more than a second back.
    bag = write_bag(tmp_path / 'bag', StoragePlugin.MCAP, range(COLLINS - 24, COLLINS))
    robot = Robot(tmp_path)
    try:
        node = robot.start_node(
            [f'image/compressed:={BAG_TOPIC}'],
            autostart=True,
            image_transport='compressed',
            use_sim_time=True,
        )
        results = robot.subscribe(FaceAffectArray, '/face_affect/faces')
        player = robot.play(str(bag), '--loop', '--clock', '--rate', '2')

        def rounds() -> list[set[int]]:
            """Return the ids of each repetition of the bag."""
            ids: list[set[int]] = [set()]
            stamps = [to_nanoseconds(result.header.stamp) for result in results]
            for before, stamp, result in zip([0, *stamps], stamps, results):
                if stamp < before:
                    ids.append(set())
                ids[-1] |= {face.id for face in result.faces}
            return ids

        robot.spin_until(lambda: len(rounds()) > 3, 'three times round')
        for earlier, later in zip(rounds()[:-1], rounds()[1:-1]):
            assert len(later) == 1, rounds()
            assert earlier.isdisjoint(later), rounds()
        assert node.running and player.running
        assert player.end(signal.SIGINT, END_SECONDS) == 0, player.output
        assert node.end(signal.SIGINT, END_SECONDS) == 0, node.output
    finally:
        robot.close()


# Bad input


def truncated(folder: Path) -> list[str]:
    bag = Path(shutil.copytree(BAG, folder / 'bag'))
    whole = (bag / 'bag.mcap').read_bytes()
    (bag / 'bag.mcap').write_bytes(whole[: len(whole) // 2])
    return [str(bag)]


def garbled(folder: Path) -> list[str]:
    """Damage the messages, but neither the beginning nor the end of the file."""
    bag = Path(shutil.copytree(BAG, folder / 'bag'))
    content = bytearray((bag / 'bag.mcap').read_bytes())
    content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
    (bag / 'bag.mcap').write_bytes(content)
    return [str(bag), '--rate', '50']


def garbled_database(folder: Path) -> list[str]:
    bag = write_bag(folder / 'bag', StoragePlugin.SQLITE3, range(50))
    database = next(bag.glob('*.db3'))
    content = bytearray(database.read_bytes())
    content[len(content) // 4 :] = bytes(len(content) - len(content) // 4)
    database.write_bytes(content)
    return [str(bag), '--rate', '50']


def missing(folder: Path) -> list[str]:
    return [str(folder / 'no_bag')]


def missing_file(folder: Path) -> list[str]:
    return [str(folder / 'no_bag.mcap')]


@pytest.mark.parametrize(
    'arguments, said',
    [
        (truncated, 'bag'),
        (garbled, 'bag'),
        (garbled_database, 'bag'),
        (missing, 'no_bag'),
        (missing_file, 'no_bag.mcap'),
        ([str(BAG), '--rate', '0'], '--rate is 0.0'),
        ([str(BAG), '--rate', 'nan'], '--rate is nan'),
        ([str(BAG), '--rate', 'fast'], 'fast'),
        ([str(BAG), '--wait-for-subscriber', 'nan'], '--wait-for-subscriber is nan'),
        ([str(BAG), '--wait-for-subscriber', '-1'], '--wait-for-subscriber is -1.0'),
        ([str(BAG), '--remap', 'nonsense'], 'nonsense'),
        ([str(BAG), '--remap', f'{BAG_TOPIC}:=not a topic'], 'not a topic'),
        ([str(BAG), '--topics', '/no/topic'], INFO_TOPIC),
    ],
    ids=lambda value: getattr(value, '__name__', str(value)).replace(str(BAG), ''),
)
def test_bad_input_is_an_error(robot: Robot, tmp_path: Path, arguments: Any, said: str) -> None:
    player = robot.play(*(arguments(tmp_path) if callable(arguments) else arguments))
    assert player.wait() == 2, player.output
    assert 'Traceback' not in player.output, player.output
    last = player.output.splitlines()[-1]
    assert 'error:' in last and said in last


def test_an_image_topic_that_the_bag_does_not_have_is_an_error_at_once(robot: Robot) -> None:
    player = robot.play(str(BAG), '--wait-for-subscriber', '600', '--image', '/wrong')
    assert robot.spin_to_end(player) == 2
    assert (
        f'no image topic /wrong in the recording; its image topics: {BAG_TOPIC}' in player.output
    )


def test_an_image_topic_without_subscriber_is_an_error(robot: Robot) -> None:
    player = robot.play(str(BAG), '--wait-for-subscriber', '0.2', '--image', BAG_TOPIC)
    assert robot.spin_to_end(player) == 1
    assert f'no subscriber to {BAG_TOPIC} within 0.2 s' in player.output
