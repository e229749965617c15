# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Real faults, with the behaviour that docs/reliability.md states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import signal
import sys
from typing import Any

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from face_affect_msgs.action import WaitForAffect
from face_affect_msgs.msg import Emotion, FaceAffectArray
from harness import (
    BAG,
    BAG_TOPIC,
    bgr_image,
    Camera,
    COLLINS,
    demo_jpegs,
    demo_picture,
    EMPTY,
    jpeg_image,
    Robot,
    ROOT,
    Waiting,
    Watcher,
)
import numpy as np
import pytest
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from face_affect.core.images import encode_jpeg
from face_affect.core.pipeline import Pipeline
from face_affect.ros.node import FaceAffectNode

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
# Reliable: no image may be lost
SURE = {
    f'qos_overrides.{topic}.subscription.{policy}': value
    for topic in ('/image', '/image/compressed')
    for policy, value in (('reliability', 'reliable'), ('depth', 100))
}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Robot]:
    """Give a ROS domain to one test."""
    robot = Robot(tmp_path)
    yield robot
    robot.close()


def compressed_watcher(robot: Robot, **parameters: Any) -> Watcher:
    """Start an active node for JPEG images, and a camera that it has discovered."""
    robot.start_node(
        autostart=True, image_transport='compressed', confirm_frames=1, **SURE, **parameters
    )
    watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
    watcher.warm_up(smile())
    return watcher


def smile() -> CompressedImage:
    return jpeg_image(demo_jpegs()[COLLINS])


def counts(report: dict[str, str]) -> dict[str, int]:
    return {
        key.removeprefix('dropped: '): int(value)
        for key, value in report.items()
        if key.startswith('dropped: ')
    }


# The camera


def test_a_camera_dies_and_returns(fresh: Robot) -> None:
    node = fresh.start_node(autostart=True, image_transport='compressed')
    results = fresh.subscribe(FaceAffectArray, '/face_affect/faces')
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        player = fresh.play(str(BAG), '--loop', '--remap', f'{BAG_TOPIC}:=/image/compressed')
        results.clear()
        fresh.spin_until(lambda: any(result.faces for result in results), 'faces')
        player.end(number, 10.0)
        report = fresh.wait_for_report(lambda report: 'no image' in report['message'])
        assert report['lifecycle state'] == 'active'
        if number == signal.SIGTERM and 'publishes nothing' not in report['message']:
            # The middleware drops a killed publisher only after some time.
            assert report['message'].endswith('on /image/compressed: it has no publisher')
    assert node.running


@pytest.mark.parametrize(
    'asked, words',
    [
        ({'qos_overrides./image.subscription.reliability': 'reliable'}, 'has an incompatible QoS'),
        ({}, 'publishes nothing'),
    ],
    ids=['override', 'default'],
)
def test_incompatible_qos_is_named(fresh: Robot, asked: dict[str, Any], words: str) -> None:
    fresh.start_node(autostart=True, **asked)
    fresh.node.create_publisher(Image, '/image', BEST_EFFORT)
    report = fresh.wait_for_report(lambda report: '/client' in report['message'])
    assert f'no image arrives on /image: /client {words}' in report['message']


def test_a_publisher_of_another_type_is_named(fresh: Robot) -> None:
    fresh.start_node(autostart=True)
    fresh.node.create_publisher(String, '/image', 1)
    report = fresh.wait_for_report(lambda report: '/client' in report['message'])
    assert report['message'].endswith(
        '/client publishes std_msgs/msg/String, expected sensor_msgs/msg/Image'
    )


@pytest.mark.parametrize(
    'rule, topic',
    [
        ('image:=/front/image', '/front/image/compressed'),
        ('image:=/front/image/compressed', '/front/image/compressed'),
        ('image/compressed:=/front/jpeg', '/front/jpeg'),
    ],
    ids=['base', 'whole', 'own'],
)
def test_compressed_images_come_from_the_remapped_topic(
    fresh: Robot, rule: str, topic: str
) -> None:
    fresh.start_node(remap=[rule], autostart=True, image_transport='compressed', confirm_frames=1)
    camera = Camera(fresh, topic, CompressedImage)
    camera.wait_for_subscriber()
    assert fresh.node.count_subscribers('/front/image') == 0
    watcher = Watcher(fresh, camera)
    camera.stream(smile())
    assert watcher.wait_for(lambda result: result.faces, 'a face').faces


def test_encoding_and_size_change_in_the_stream(fresh: Robot) -> None:
    fresh.start_node(autostart=True, confirm_frames=1, **SURE)
    watcher = Watcher(fresh, Camera(fresh, '/image', Image))
    picture = demo_picture(COLLINS)
    watcher.warm_up(bgr_image(picture))
    gray = Image(encoding='mono8', width=640, height=480, step=640, data=picture[..., 1].tobytes())
    (face,) = watcher.look_at(bgr_image(picture)).faces
    # Another encoding of the same size costs no frame, and the face keeps its id.
    assert [each.id for each in watcher.look_at(gray).faces] == [face.id]
    half = bgr_image(np.ascontiguousarray(picture[::2, ::2]))
    watcher.camera.send(half)
    fresh.wait_for_report(lambda report: counts(report).get('size_changed') == 1)
    result = watcher.look_at(half)
    assert (result.image_width, result.image_height) == (320, 240)
    assert result.faces


def test_a_malformed_message_costs_one_frame(fresh: Robot) -> None:
    watcher = compressed_watcher(fresh)
    whole = serialize_message(smile())
    publisher = fresh.node.create_publisher(CompressedImage, '/image/compressed', 10)
    fresh.spin_until(publisher.get_subscription_count, 'a subscriber')
    fresh.wait_for_report(lambda report: report['message'] != 'starting')
    for count, broken in enumerate(
        (whole[:30], whole[:4], bytes.fromhex('00010001'), b'\xff' * 100), 1
    ):
        publisher.publish(broken)
        report = fresh.wait_for_report(
            lambda report, count=count: counts(report).get('malformed', 0) == count
        )
        assert report['message'] == 'images dropped: malformed'
        assert watcher.look_at(smile()).faces


# Time


def test_clock_jumps_of_the_camera(fresh: Robot) -> None:
    watcher = compressed_watcher(fresh, forget_time=60.0)
    ids = []
    for stamp in (
        Time(sec=2_000_000_000),
        Time(sec=2_000_000_001),
        Time(sec=5),
        Time(sec=6),
        Time(sec=1_900_000_000),
        Time(),
        Time(),
    ):
        message = smile()
        message.header.stamp = stamp
        watcher.camera.publish(message)
        result = watcher.wait_for(
            lambda result, stamp=stamp: result.header.stamp == stamp, f'the result of {stamp}'
        )
        ids.append([face.id for face in result.faces])
    assert all(len(each) == 1 for each in ids)
    (first,), (same,), (back,), (again,), (far,), *_ = ids
    assert first == same
    assert back == again > first, 'a step back is a new start'
    assert far > back, 'years later no track is left'


def test_a_clock_that_starts_again_does_not_prolong_a_timeout(fresh: Robot) -> None:
    fresh.start_node(autostart=True, use_sim_time=True)
    clock = fresh.node.create_publisher(Clock, '/clock', 10)
    fresh.spin_until(clock.get_subscription_count, 'the node on /clock')
    client = ActionClient(fresh.node, WaitForAffect, '/face_affect/wait_for_affect')

    def show(seconds: float) -> None:
        whole, rest = divmod(round(seconds * 1e9), 1_000_000_000)
        message = Clock(clock=Time(sec=whole, nanosec=rest))
        clock.publish(message)
        # Repeatedly until it arrives, like every source of simulated time
        fresh.wait_for_report(
            lambda report: clock.publish(message) or float(report['stamp']) == seconds
        )

    show(1000.0)
    waiting = Waiting(fresh, client, emotion=Emotion.HAPPY, timeout=Duration(sec=4))
    for now in (1001.0, 1002.0, 10.0, 11.0):
        show(now)
        assert not waiting.done
    show(13.0)
    status, result = waiting.end()
    assert (status, result.message) == (GoalStatus.STATUS_ABORTED, 'timeout')


def test_an_overrun_node_stays_at_the_newest_frame(fresh: Robot) -> None:
    fresh.start_node(autostart=True, image_transport='compressed', detect_far=True)
    watcher = Watcher(fresh, Camera(fresh, '/image/compressed', CompressedImage))
    # Decoding 2560x1920 pixels alone takes longer than a sixtieth of a second.
    large = jpeg_image(encode_jpeg(demo_picture(COLLINS).repeat(4, axis=0).repeat(4, axis=1)))
    watcher.camera.stream(large, rate=60)
    lags: list[int] = []

    def collect() -> bool:
        lags.extend(watcher.camera.frames_since(result.header) for result in watcher.results)
        watcher.results.clear()
        return len(lags) >= 60

    fresh.spin_until(collect, 'sixty results')
    watcher.camera.stop()
    # A queue would grow by more than a frame with every result.
    assert np.mean(lags[-20:]) < np.mean(lags[:20]) + 5
    report = fresh.wait_for_report(
        lambda report: (
            int(report['frames received'])
            == (int(report['frames processed']) + int(report['frames dropped']))
        )
    )
    assert int(report['dropped: overrun']) > 0
    assert int(report['dropped: overrun']) == int(report['frames dropped'])


# The node


def test_killed_and_started_again(fresh: Robot) -> None:
    watcher = compressed_watcher(fresh)
    first = watcher.look_at(smile()).faces[0].id
    fresh.processes[-1].kill()
    again = compressed_watcher(fresh)
    assert again.look_at(smile()).faces[0].id > first


def test_what_the_worker_raises_costs_one_frame(
    fresh: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the node in this process, where its pipeline can be broken."""
    process = Pipeline.process
    broken: list[Exception] = []

    def failing(*arguments: Any) -> Any:
        if broken:
            raise broken.pop()
        return process(*arguments)

    monkeypatch.setattr(Pipeline, 'process', failing)
    node = fresh.add_node(
        lambda context: FaceAffectNode(
            context=context,
            parameter_overrides=[
                Parameter('autostart', value=True),
                Parameter('confirm_frames', value=1),
                Parameter('image_transport', value='compressed'),
                *(Parameter(name, value=value) for name, value in SURE.items()),
            ],
        )
    )
    try:
        node.start()
        watcher = Watcher(fresh, Camera(fresh, '/image/compressed', CompressedImage))
        watcher.warm_up(smile())
        fresh.wait_for_report(lambda report: report['message'] != 'starting')
        for count, error in enumerate((ValueError('broken'), MemoryError('no memory')), 1):
            broken.append(error)
            watcher.camera.send(smile())
            report = fresh.wait_for_report(
                lambda report, count=count: counts(report).get('failed', 0) == count
            )
            assert report['message'] == f'processing failed: {type(error).__name__}: {error}'
            assert report['last error'] == f'{type(error).__name__}: {error}'
            assert watcher.look_at(smile()).faces
        assert fresh.wait_for_report(lambda report: report['message'] == 'processing')
    finally:
        node.destroy_node()


@pytest.mark.parametrize('step', ['configure', 'activate', 'deactivate', 'cleanup'])
def test_what_a_transition_raises_leads_back_to_unconfigured(
    fresh: Robot, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    name = {
        'configure': '_load',
        'activate': '_start_session',
        'deactivate': '_stop_session',
        'cleanup': '_release',
    }[step]
    method = getattr(FaceAffectNode, name)
    armed = [False]

    def failing(self: FaceAffectNode, *arguments: Any) -> Any:
        if armed.pop():
            armed.append(False)
            raise OSError('no more of it')
        armed.append(False)
        return method(self, *arguments)

    node = fresh.add_node(lambda context: FaceAffectNode(context=context))
    monkeypatch.setattr(FaceAffectNode, name, failing)
    try:
        for each in ('configure', 'activate', 'deactivate', 'cleanup'):
            armed[:] = [each == step]
            assert fresh.change_state(each) == (each != step)
            if each == step:
                break
        assert fresh.state == 'unconfigured'
        assert f'on_{step} failed: OSError: no more of it' in fresh.report()['message']
        for each in ('configure', 'activate', 'deactivate', 'cleanup'):
            assert fresh.change_state(each)
    finally:
        node.destroy_node()


@pytest.mark.parametrize(
    'words',
    [
        ['env', 'ROS_LOG_DIR=/proc/not/writable'],
        # A limit of 0 bytes simulates a full disk, shared memory included.
        ['bash', '-c', 'ulimit -f 0; exec "$@"', '-'],
    ],
    ids=['no log folder', 'full disk'],
)
def test_where_nothing_can_be_written(fresh: Robot, words: list[str]) -> None:
    node = fresh.start(
        *words,
        'face_affect_node',
        '--ros-args',
        '-p',
        'autostart:=true',
        '-p',
        'image_transport:=compressed',
        '-p',
        'confirm_frames:=1',
    )
    watcher = Watcher(fresh, Camera(fresh, '/image/compressed', CompressedImage))
    watcher.warm_up(smile())
    assert watcher.look_at(smile()).faces
    if 'env' in words:
        assert 'face_affect: no log file is written: ' in node.output
    assert node.end(signal.SIGTERM, 5.0) == 0, node.output


@pytest.mark.parametrize(
    'parameter, reason',
    [
        ('image_transport:=theora', "image_transport is 'theora', but must be one of raw"),
        ('detection_threshold:=2.0', 'detection_threshold'),
        ('detection_threshold:=.nan', 'detection_threshold'),
        ('min_face_size:=big', "min_face_size is 'big', but must be of type int"),
        ('image_depth:=5', 'parameter image_depth was removed; set qos_overrides.'),
        ('image_reliability:=reliable', 'parameter image_reliability was removed; set qos_'),
        ('use_sim_time:=maybe', "use_sim_time is 'maybe', but must be of type bool"),
    ],
)
def test_a_wrong_parameter_at_the_start_is_one_line(
    fresh: Robot, parameter: str, reason: str
) -> None:
    node = fresh.start('face_affect_node', '--ros-args', '-p', parameter)
    assert node.wait() == 1
    assert node.output.startswith('face_affect: cannot start: ')
    assert reason in node.output
    assert len(node.output.splitlines()) == 1


# Subscribers


SUBSCRIBER = """
import rclpy
from face_affect_msgs.msg import FaceAffectArray
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('slow')
node.create_subscription(FaceAffectArray, '/face_affect/faces', lambda _: None, 1)
node.create_subscription(Image, '/face_affect/debug_image', lambda _: None, 1)
print('ready', flush=True)
rclpy.spin(node)
"""


def test_a_stalled_subscriber_does_not_delay_others(fresh: Robot) -> None:
    watcher = compressed_watcher(fresh)
    slow = fresh.start(sys.executable, '-c', SUBSCRIBER)
    fresh.spin_until(lambda: 'ready' in slow.output, 'the other subscriber')
    fresh.spin_until(lambda: fresh.node.count_subscribers('/face_affect/debug_image'), 'it')
    slow.send(signal.SIGSTOP)
    pictures = fresh.subscribe(Image, '/face_affect/debug_image', 10)
    watcher.camera.stream(smile())
    fresh.spin_until(lambda: len(pictures) >= 60, 'sixty debug images')
    watcher.camera.stop()
    assert watcher.look_at(smile()).faces
    report = fresh.report()
    assert report['last error'] == 'none'
    assert not counts(report).keys() - {'overrun'}


def hundred_come_and_go(robot: Robot) -> None:
    """Create fifty subscribers on each of two topics; return when each has received a message."""
    heard: set[tuple[str, int]] = set()
    subscriptions = [
        robot.node.create_subscription(kind, topic, lambda _, key=(topic, i): heard.add(key), 1)
        for i in range(50)
        for kind, topic in (
            (FaceAffectArray, '/face_affect/faces'),
            (CompressedImage, '/face_affect/debug_image/compressed'),
        )
    ]
    robot.spin_until(lambda: len(heard) == len(subscriptions), 'something for each')
    for subscription in subscriptions:
        robot.node.destroy_subscription(subscription)


def test_a_hundred_subscribers_come_and_go(fresh: Robot) -> None:
    watcher = compressed_watcher(fresh)
    watcher.camera.stream(smile())
    held = []
    for _ in range(4):
        hundred_come_and_go(fresh)
        watcher.wait_for(lambda result: result.faces, 'a face')
        held.append(fresh.processes[-1].footprint)
    assert held[-1].threads <= held[0].threads
    assert held[-1].files <= held[0].files
    assert held[-1].memory - held[0].memory < 5e6


# Lifecycle manager


def test_a_lifecycle_manager_without_bond(fresh: Robot) -> None:
    """The sequence of nav2_lifecycle_manager: start, pause, resume, reset, start, shut down."""
    fresh.start_node(image_transport='compressed', **SURE)
    watcher = Watcher(fresh, Camera(fresh, '/image/compressed', CompressedImage))
    watcher.camera.stream(jpeg_image(demo_jpegs()[EMPTY]))
    for transition, state in (
        ('configure', 'inactive'),
        ('activate', 'active'),  # startup
        ('deactivate', 'inactive'),
        ('activate', 'active'),  # pause, resume
        ('deactivate', 'inactive'),
        ('cleanup', 'unconfigured'),  # reset
        ('configure', 'inactive'),
        ('activate', 'active'),
        ('active_shutdown', 'finalized'),
    ):
        assert fresh.change_state(transition)
        assert fresh.state == state
        if state == 'active':
            watcher.wait_for(lambda result: True, 'a result')
    assert fresh.report()['lifecycle state'] == 'finalized'


@pytest.mark.parametrize('transition', ['deactivate', 'active_shutdown'])
def test_a_waiting_goal_gets_its_answer_at_the_end(fresh: Robot, transition: str) -> None:
    fresh.start_node(autostart=True)
    client = ActionClient(fresh.node, WaitForAffect, '/face_affect/wait_for_affect')
    fresh.spin_until(lambda: fresh.state == 'active', 'the active node')
    waiting = Waiting(fresh, client, emotion=Emotion.HAPPY)
    assert waiting.accepted
    assert fresh.change_state(transition)
    status, result = waiting.end()
    assert status == GoalStatus.STATUS_ABORTED
    assert result.message.startswith('the node was ')
    assert not Waiting(fresh, client, emotion=Emotion.HAPPY).accepted


def test_the_models_may_be_changed_on_disk_while_in_use(fresh: Robot, tmp_path: Path) -> None:
    for suffix in ('.json', '.tflite'):
        (tmp_path / f'mine{suffix}').write_bytes(
            (ROOT / 'models' / f'gender_mini_xception{suffix}').read_bytes()
        )
    watcher = compressed_watcher(fresh, gender_model=str(tmp_path / 'mine.json'))
    (tmp_path / 'mine.tflite').write_bytes(b'')
    assert watcher.look_at(smile()).faces, 'what was loaded stays loaded'
    assert fresh.change_state('deactivate')
    assert fresh.change_state('cleanup')
    assert not fresh.change_state('configure')
    assert 'mine.tflite' in fresh.report()['last error']
