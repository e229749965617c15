# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The ROS4HRI bridge: with the real messages where they are installed, else with stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, make_dataclass
import importlib.util
import math
from typing import Any

from builtin_interfaces.msg import Time
import cv2
from diagnostic_msgs.msg import DiagnosticStatus
from face_affect_msgs.msg import Emotion, FaceAffect, FaceAffectArray, Gender
from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Robot, Watcher
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from face_affect.core.settings import Settings
from face_affect.ros.ros4hri_bridge import (
    BridgeParameters,
    IMAGE_MEMORY,
    MAX_FACES,
    Ros4HriBridge,
)

INSTALLED = importlib.util.find_spec('hri_msgs') is not None
COLLINS_ID = 0x1A2B3C
TOPICS = '/humans/faces/f1a2b3c/'


# The bridge alone. Its messages are stand-ins that take the fields of hri_msgs 2.0.0, no others.


def stand_in(name: str, *fields: str) -> type:
    return make_dataclass(name, [(each, Any, field(default=None)) for each in fields])


STAND_INS = {
    'IdsList': stand_in('IdsList', 'header', 'ids'),
    'NormalizedRegionOfInterest2D': stand_in(
        'NormalizedRegionOfInterest2D', 'header', 'xmin', 'ymin', 'xmax', 'ymax', 'c'
    ),
    'Expression': stand_in(
        'Expression', 'header', 'expression', 'valence', 'arousal', 'confidence'
    ),
    'SoftBiometrics': stand_in(
        'SoftBiometrics', 'header', 'age', 'age_confidence', 'gender', 'gender_confidence'
    ),
}


@dataclass
class Published:
    """A stand-in for a publisher, with its messages and number of subscribers."""

    messages: list[Any] = field(default_factory=list)
    destroyed: bool = False

    def publish(self, message: Any) -> None:
        assert not self.destroyed
        self.messages.append(message)

    def get_subscription_count(self) -> int:
        return 1


class Bridge(Ros4HriBridge):
    """A bridge with a manual clock and recorded messages."""

    def __init__(self, context: Context, *options: str, transport: str = 'compressed') -> None:
        self.published: dict[str, Published] = {}
        self.time = 0.0
        super().__init__(
            type('hri', (), STAND_INS),
            context=context,
            cli_args=[
                '--ros-args',
                *('-p', f'image_transport:={transport}', '-p', 'keep_time:=1.0'),
                *options,
            ],
        )

    def create_publisher(self, kind: Any, topic: str, qos: Any, **options: Any) -> Any:
        if not topic.startswith('/humans/'):
            return super().create_publisher(kind, topic, qos, **options)
        self.published[topic] = Published()
        return self.published[topic]

    def destroy_publisher(self, publisher: Any) -> bool:
        if isinstance(publisher, Published):
            publisher.destroyed = True
            return True
        return bool(super().destroy_publisher(publisher))

    def _now(self) -> float:
        return self.time

    def last(self, topic: str) -> Any:
        return self.published[topic].messages[-1]


@pytest.fixture
def context() -> Iterator[Context]:
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.shutdown(context=context)


@pytest.fixture
def bridge(context: Context) -> Iterator[Bridge]:
    bridge = Bridge(context)
    yield bridge
    bridge.destroy_node()


def receive(bridge: Bridge, message: FaceAffectArray) -> None:
    bridge._on_faces(serialize_message(message))


def header(stamp: float) -> Header:
    return Header(frame_id='camera', stamp=Time(sec=int(stamp), nanosec=round(stamp % 1 * 1e9)))


def result(
    stamp: float, *numbers: int, emotion: Any = None, gender: Any = None
) -> FaceAffectArray:
    return FaceAffectArray(
        header=header(stamp),
        image_width=640,
        image_height=480,
        faces=[
            FaceAffect(
                id=number,
                score=0.9,
                roi=RegionOfInterest(x_offset=64, y_offset=48, width=128, height=96),
                emotion=emotion or Emotion(),
                gender=gender or Gender(),
            )
            for number in numbers
        ],
    )


def test_faces_come_and_cleanly_disappear(bridge: Bridge) -> None:
    receive(bridge, result(1.0, COLLINS_ID, 7))
    assert bridge.last('/humans/faces/tracked').ids == ['f7', 'f1a2b3c']
    assert bridge.last('/humans/faces/tracked').header == header(1.0)
    bridge.time = 0.5  # not detected briefly
    receive(bridge, result(1.5, 7))
    assert bridge.last('/humans/faces/tracked').ids == ['f7', 'f1a2b3c']
    bridge.time = 1.2
    receive(bridge, result(2.2, 7))
    assert bridge.last('/humans/faces/tracked').ids == ['f7']
    gone = {topic for topic, each in bridge.published.items() if each.destroyed}
    assert gone == {TOPICS + name for name in ('roi', 'cropped', 'expression', 'softbiometrics')}


def test_faces_disappear_when_the_node_falls_silent(bridge: Bridge) -> None:
    receive(bridge, result(1.0, 7))
    bridge.time = 0.9
    bridge._check()
    assert bridge.last('/humans/faces/tracked').ids == ['f7']
    bridge.time = 1.1
    bridge._check()
    assert bridge.last('/humans/faces/tracked').ids == []
    assert bridge.published['/humans/faces/f7/roi'].destroyed


@pytest.mark.parametrize(
    'broken',
    [
        {'image_width': 0},
        {'image_width': 100},
        {'emotion': Emotion(probabilities=[math.nan] * 7)},
        {'gender': Gender(probabilities=[0.5, 0.5], confidence=math.inf)},
    ],
    ids=str,
)
def test_broken_results_are_dropped(
    bridge: Bridge, broken: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    message = result(1.0, COLLINS_ID)
    for name, value in broken.items():
        setattr(message if hasattr(message, name) else message.faces[0], name, value)
    receive(bridge, message)
    bridge._on_faces(b'\0\1\0\1')
    assert not bridge.published['/humans/faces/tracked'].messages
    assert 'result dropped' in capfd.readouterr().err
    receive(bridge, result(1.0, COLLINS_ID))
    assert bridge.last('/humans/faces/tracked').ids == ['f1a2b3c']


def test_topics_are_bounded(bridge: Bridge) -> None:
    receive(bridge, result(1.0, 7))
    receive(bridge, result(1.1, *range(1000, 1000 + 2 * MAX_FACES), 7))
    assert len(bridge.last('/humans/faces/tracked').ids) == MAX_FACES
    assert bridge.last('/humans/faces/f7/roi').header == header(1.1)
    assert len(bridge.published) == 1 + 4 * MAX_FACES


def test_kept_images_are_bounded(bridge: Bridge) -> None:
    picture = bytes(IMAGE_MEMORY // 4)
    for stamp in range(10):
        bridge._on_image(
            serialize_message(CompressedImage(header=header(float(stamp)), data=picture))
        )
    assert [stamp for stamp, _ in bridge._images] == [6, 7, 8, 9]


def test_topics_of_a_face(bridge: Bridge) -> None:
    probabilities = [0.0, 0.0, 0.9, 0.1, 0.0, 0.0, 0.0]
    receive(
        bridge,
        result(
            1.0,
            COLLINS_ID,
            emotion=Emotion(label=Emotion.FEAR, confidence=0.9, probabilities=probabilities),
            gender=Gender(label=Gender.FEMALE, confidence=0.75, probabilities=[0.75, 0.25]),
        ),
    )
    region = bridge.last(TOPICS + 'roi')
    assert (region.xmin, region.ymin, region.xmax, region.ymax) == pytest.approx(
        (0.1, 0.1, 0.3, 0.3)
    )
    assert region.c == pytest.approx(0.9)
    shown = bridge.last(TOPICS + 'expression')
    assert shown.expression == 'scared'
    assert shown.confidence == pytest.approx(0.9)
    assert shown.valence == pytest.approx(0.9 * -0.64 + 0.1 * 0.81)
    assert shown.header == header(1.0)
    biometrics = bridge.last(TOPICS + 'softbiometrics')
    assert (biometrics.gender, biometrics.gender_confidence) == (1, pytest.approx(0.75))


def test_unknown_labels_are_undefined_and_disabled_tasks_are_left_out(bridge: Bridge) -> None:
    unsure = Gender(label=Gender.UNKNOWN, confidence=0.55, probabilities=[0.55, 0.45])
    receive(bridge, result(1.0, COLLINS_ID, gender=unsure))
    assert bridge.last(TOPICS + 'softbiometrics').gender == 0
    assert bridge.published[TOPICS + 'expression'].messages == []


def test_the_crop_is_of_the_image_of_the_result(bridge: Bridge) -> None:
    for stamp, gray in ((1.0, 50), (1.1, 200), (1.2, 90)):
        done, data = cv2.imencode('.png', np.full((480, 640, 3), gray, np.uint8))
        assert done
        bridge._on_image(
            serialize_message(CompressedImage(header=header(stamp), data=data.tobytes()))
        )
    receive(bridge, result(1.1, COLLINS_ID))
    crop: Image = bridge.last(TOPICS + 'cropped')
    assert (crop.width, crop.height, crop.encoding) == (128, 128, 'bgr8')
    picture = np.frombuffer(crop.data, np.uint8).reshape(128, 128, 3)
    assert (picture[16:112] == 200).all() and not picture[:16].any()
    receive(bridge, result(1.5, COLLINS_ID))  # its image was lost
    bridge._on_image(serialize_message(CompressedImage(header=header(1.6), data=b'no picture')))
    bridge._on_image(b'not even a message')
    receive(bridge, result(1.6, COLLINS_ID))
    assert len(bridge.published[TOPICS + 'cropped'].messages) == 1
    assert len(bridge.published[TOPICS + 'roi'].messages) == 3


def test_unknown_transport_is_refused(context: Context) -> None:
    with pytest.raises(ValueError, match="'theora', but must be one of raw, compressed"):
        Bridge(context, transport='theora')


def test_a_face_is_kept_as_long_as_in_the_node() -> None:
    assert BridgeParameters().keep_time == Settings().forget_time


def test_compressed_images_follow_a_remapped_base_topic(context: Context) -> None:
    bridge = Bridge(context, '-r', 'image:=/front/image')
    try:
        assert bridge.count_subscribers('/front/image/compressed') == 1
        assert bridge.count_subscribers('/front/image') == 0
    finally:
        bridge.destroy_node()


def test_missing_images_are_warned_about(
    bridge: Bridge, capfd: pytest.CaptureFixture[str]
) -> None:
    warned = []
    for tenth in range(0, 700, 5):
        bridge.time = tenth / 10
        if tenth == 400:
            bridge._on_image(b'')
        bridge._check()
        if 'no image for' in (lines := capfd.readouterr().err):
            warned.append((bridge.time, lines))
    assert [time for time, _ in warned] == [5.0, 35.0, 45.0]
    for (_, lines), seconds in zip(warned, (5, 35, 5), strict=True):
        assert (
            f'no cropped faces: no image for {seconds} s on /image/compressed: it has no '
            'publisher; the node subscribes with reliability best_effort'
        ) in lines


def test_without_results_the_diagnostics_warn(bridge: Bridge) -> None:
    assert bridge.diagnose().message == 'running'
    bridge.time = 2.0
    status = bridge.diagnose()
    assert status.level == DiagnosticStatus.WARN
    assert status.message == 'no result arrives on /faces: it has no publisher'
    receive(bridge, result(1.0, COLLINS_ID))
    status = bridge.diagnose()
    assert (status.level, status.message) == (DiagnosticStatus.OK, 'running')
    values = {item.key: item.value for item in status.values}
    assert (values['results'], values['faces'], values['images']) == ('1', '1', '0')


def test_each_camera_has_a_namespace_of_its_own(context: Context) -> None:
    bridges = [
        Bridge(context, '-p', f'humans_namespace:=/humans/{name}') for name in ('head', 'ring')
    ]
    try:
        receive(bridges[0], result(1.0, COLLINS_ID))
        receive(bridges[1], result(1.0))
        assert bridges[0].last('/humans/head/faces/tracked').ids == ['f1a2b3c']
        assert '/humans/head/faces/f1a2b3c/roi' in bridges[0].published
        assert bridges[1].last('/humans/ring/faces/tracked').ids == []
    finally:
        for bridge in bridges:
            bridge.destroy_node()


@pytest.mark.parametrize('name', ['humans', '', '/humans/', '/2/x', '~/humans'])
def test_a_wrong_namespace_is_refused(context: Context, name: str) -> None:
    with pytest.raises(ValueError, match=f"humans_namespace is '{name}', but must be an absolute"):
        Bridge(context, '-p', f"humans_namespace:='{name}'")


# As processes


@pytest.fixture
def hri() -> Any:
    return pytest.importorskip('hri_msgs.msg')


def test_two_bridges_in_one_graph(robot: Robot, hri: Any) -> None:
    """Two cameras: two nodes, two bridges."""
    cameras = {}
    for name in ('head', 'ring'):
        robot.start_node(remap=[f'__ns:=/{name}'], autostart=True, image_transport='compressed')
        robot.start(
            'ros4hri_bridge',
            '--ros-args',
            *('-r', f'__ns:=/{name}', '-r', 'faces:=face_affect/faces'),
            *('-p', f'humans_namespace:=/humans/{name}', '-p', 'image_transport:=compressed'),
        )
        cameras[name] = Camera(robot, f'/{name}/image/compressed', CompressedImage)
    tracked = {
        name: robot.subscribe(hri.IdsList, f'/humans/{name}/faces/tracked') for name in cameras
    }
    cameras['head'].stream(jpeg_image(demo_jpegs()[COLLINS]))
    cameras['ring'].stream(jpeg_image(demo_jpegs()[0]))
    try:
        robot.spin_until(lambda: tracked['head'] and tracked['head'][-1].ids, 'a face')
        robot.spin_until(lambda: tracked['ring'], 'an empty list')
        assert not any(message.ids for message in tracked['ring'])
        assert robot.node.count_publishers('/humans/faces/tracked') == 0
        statuses = robot.statuses('ROS4HRI bridge')
        assert not [status.message for status in statuses if 'publishers: give' in status.message]
    finally:
        for camera in cameras.values():
            camera.stop()


def test_bridges_with_the_same_topics_are_warned_of(robot: Robot, hri: Any) -> None:
    processes = [
        robot.start('ros4hri_bridge', '--ros-args', '-r', f'__ns:=/{name}')
        for name in ('head', 'ring')
    ]
    expected = '/humans/faces/tracked has 2 publishers: give each bridge a humans_namespace'
    robot.spin_until(lambda: all(expected in each.output for each in processes), expected)
    robot.spin_until(
        lambda: any(
            expected in status.message and status.level == DiagnosticStatus.WARN
            for status in robot.statuses('ROS4HRI bridge')
        ),
        'diagnostics',
    )


@pytest.mark.skipif(INSTALLED, reason='hri_msgs is installed')
def test_without_hri_msgs_the_bridge_says_how_to_get_them(robot: Robot) -> None:
    process = robot.start('ros4hri_bridge')
    assert process.wait() == 1
    assert 'sudo apt install ros-$ROS_DISTRO-hri-msgs' in process.output
    assert 'Traceback' not in process.output


@pytest.mark.skipif(not INSTALLED, reason='hri_msgs is not installed')
def test_bridge_and_node_together(robot: Robot) -> None:
    hri: Any = importlib.import_module('hri_msgs.msg')
    robot.start_node(autostart=True, image_transport='compressed')
    bridge = robot.start(
        'ros4hri_bridge',
        '--ros-args',
        '-p',
        'image_transport:=compressed',
        '-r',
        'faces:=/face_affect/faces',
    )
    watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
    tracked = robot.subscribe(hri.IdsList, '/humans/faces/tracked')
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    robot.spin_until(lambda: tracked and tracked[-1].ids, 'a face')
    name = f'/humans/faces/{tracked[-1].ids[0]}'
    kinds = {
        'roi': hri.NormalizedRegionOfInterest2D,
        'cropped': Image,
        'expression': hri.Expression,
        'softbiometrics': hri.SoftBiometrics,
    }
    received = {each: robot.subscribe(kind, f'{name}/{each}') for each, kind in kinds.items()}
    robot.spin_until(lambda: all(received.values()), 'all topics of the face')
    region, shown = received['roi'][-1], received['expression'][-1]
    assert 0 <= region.xmin < region.xmax <= 1 and 0 <= region.ymin < region.ymax <= 1
    assert shown.expression == hri.Expression.HAPPY
    assert shown.valence > 0.5 and math.isfinite(shown.arousal)
    assert received['softbiometrics'][-1].gender == hri.SoftBiometrics.FEMALE
    assert (received['cropped'][-1].width, received['cropped'][-1].height) == (128, 128)
    watcher.camera.stop()
    robot.spin_until(lambda: not tracked[-1].ids, 'no face')
    robot.spin_until(lambda: not robot.node.count_publishers(f'{name}/roi'), 'no topics')
    assert bridge.running
