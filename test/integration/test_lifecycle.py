# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The lifecycle of the node: states, invalid models, shutdown."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import json
from pathlib import Path
import shutil
import signal

from face_affect_msgs.msg import FaceAffectArray
from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Process, Robot, ROOT, Watcher
import pytest
from sensor_msgs.msg import CompressedImage

END_SECONDS = 5.0
TOPICS = {'/face_affect/faces', '/face_affect/debug_image', '/face_affect/debug_image/compressed'}


@pytest.fixture(scope='module')
def node(robot: Robot) -> Process:
    node = robot.start_node(image_transport='compressed')
    assert robot.state == 'unconfigured'
    return node


@pytest.fixture(scope='module')
def watcher(robot: Robot, node: Process) -> Watcher:
    return Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))


@pytest.fixture
def unconfigured(robot: Robot, node: Process) -> Robot:
    """Return the node unconfigured, with its initial parameters."""
    for state, transition in (('active', 'deactivate'), ('inactive', 'cleanup')):
        if robot.state == state:
            robot.change_state(transition)
    assert robot.state == 'unconfigured'
    return robot


def offered(robot: Robot) -> set[str]:
    """Return the node's topics that have a publisher now."""
    return {topic for topic in TOPICS if robot.node.count_publishers(topic)}


def assert_silent(watcher: Watcher, state: str) -> None:
    """Publish images for the period of two diagnostics; assert that no result arrives."""
    assert watcher.robot.state == state
    watcher.robot.report()
    watcher.results.clear()
    assert watcher.robot.report()['lifecycle state'] == state
    assert not watcher.results


def test_all_transitions_and_back(unconfigured: Robot, watcher: Watcher) -> None:
    robot = unconfigured
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    robot.spin_until(lambda: not offered(robot), 'no topics')
    for _ in range(2):
        assert robot.change_state('configure')
        robot.spin_until(lambda: offered(robot) == TOPICS, 'topics')
        assert_silent(watcher, 'inactive')
        for _ in range(2):
            assert robot.change_state('activate')
            assert robot.state == 'active'
            assert watcher.wait_for(lambda result: result.faces, 'a face').image_width == 640
            assert robot.change_state('deactivate')
        assert_silent(watcher, 'inactive')
        assert robot.change_state('cleanup')
        robot.spin_until(lambda: not offered(robot), 'topics gone')
    assert_silent(watcher, 'unconfigured')
    watcher.camera.stop()


def test_cleanup_leaves_no_error(unconfigured: Robot, watcher: Watcher) -> None:
    assert unconfigured.change_state('configure')
    assert unconfigured.change_state('activate')
    watcher.camera.stream(jpeg_image(b'no picture'))
    unconfigured.wait_for_report(lambda report: report['last error'] != 'none')
    watcher.camera.stop()
    assert unconfigured.change_state('deactivate')
    assert unconfigured.change_state('cleanup')
    assert unconfigured.report()['message'] == 'unconfigured'


def test_ids_are_never_reused(unconfigured: Robot, watcher: Watcher) -> None:
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    ids = []
    for steps in (['configure'], [], ['cleanup', 'configure']):
        for step in steps:
            assert unconfigured.change_state(step)
        assert unconfigured.change_state('activate')
        ids.append(watcher.wait_for(lambda result: result.faces, 'a face').faces[0].id)
        assert unconfigured.change_state('deactivate')
    watcher.camera.stop()
    assert ids[0] < ids[1] < ids[2]


def test_impossible_transitions_are_refused(unconfigured: Robot) -> None:
    assert not unconfigured.change_state('activate')
    assert not unconfigured.change_state('deactivate')
    assert unconfigured.change_state('configure')
    assert not unconfigured.change_state('configure')
    assert unconfigured.state == 'inactive'


def unknown_model(folder: Path) -> str:
    return 'no_such_model'


def altered_model(folder: Path) -> str:
    for suffix in ('.json', '.tflite'):
        shutil.copy(ROOT / 'models' / f'emotion_mini_xception{suffix}', folder)
    network = folder / 'emotion_mini_xception.tflite'
    content = bytearray(network.read_bytes())
    content[-1] ^= 1
    network.write_bytes(content)
    return str(folder / 'emotion_mini_xception.json')


def truncated_model(folder: Path) -> str:
    sidecar = Path(altered_model(folder))
    network = sidecar.with_suffix('.tflite')
    network.write_bytes(network.read_bytes()[:10_000])
    return str(sidecar)


def swapped_model(folder: Path) -> str:
    """Write the sidecar of emotion with the network and hash of gender."""
    values = json.loads((ROOT / 'models' / 'emotion_mini_xception.json').read_text())
    network = (ROOT / 'models' / 'gender_mini_xception.tflite').read_bytes()
    values['sha256'] = hashlib.sha256(network).hexdigest()
    (folder / 'swapped.json').write_text(json.dumps(values))
    (folder / 'swapped.tflite').write_bytes(network)
    return str(folder / 'swapped.json')


def garbage_model(folder: Path) -> str:
    """Write the sidecar of emotion with a file that is not a network, and its hash."""
    sidecar = Path(swapped_model(folder))
    values = json.loads(sidecar.read_text())
    values['sha256'] = hashlib.sha256(b'no network' * 1000).hexdigest()
    sidecar.write_text(json.dumps(values))
    sidecar.with_suffix('.tflite').write_bytes(b'no network' * 1000)
    return str(sidecar)


def model_without_network(folder: Path) -> str:
    shutil.copy(ROOT / 'models' / 'emotion_mini_xception.json', folder / 'alone.json')
    return str(folder / 'alone.json')


def broken_sidecar(folder: Path) -> str:
    (folder / 'broken.json').write_text('{"name": "broken"')
    return str(folder / 'broken.json')


def emotion_model(folder: Path) -> str:
    return 'emotion_mini_xception'


@pytest.mark.parametrize(
    'parameter, model, reason',
    [
        ('emotion_model', unknown_model, "no model 'no_such_model'"),
        ('emotion_model', altered_model, 'altered'),
        ('emotion_model', truncated_model, 'altered'),
        ('emotion_model', swapped_model, 'for its 7 labels'),
        ('emotion_model', garbage_model, 'the runtime cannot load'),
        ('emotion_model', model_without_network, 'alone.tflite'),
        ('gender_model', broken_sidecar, 'broken.json'),
        ('detector_model', emotion_model, 'is for emotion, not for face_detection'),
    ],
    ids=lambda value: getattr(value, '__name__', None),
)
def test_wrong_model_is_refused_with_the_reason(
    unconfigured: Robot,
    node: Process,
    tmp_path: Path,
    parameter: str,
    model: Callable[[Path], str],
    reason: str,
) -> None:
    robot = unconfigured
    right = robot.parameters(parameter)[0]
    assert robot.set_parameters(**{parameter: model(tmp_path)})[0].successful
    assert not robot.change_state('configure')
    assert robot.state == 'unconfigured'
    assert reason in robot.report()['last error']
    logged = [line for line in node.output.splitlines() if 'cannot configure' in line]
    assert reason in logged[-1]
    robot.spin_until(lambda: not offered(robot), 'topics gone')
    assert robot.set_parameters(**{parameter: right})[0].successful
    assert robot.change_state('configure')
    robot.spin_until(lambda: offered(robot) == TOPICS, 'topics')


def test_detection_width_is_chosen_at_configure(unconfigured: Robot, node: Process) -> None:
    robot = unconfigured
    assert robot.set_parameters(detection_width=400)[0].successful
    assert not robot.change_state('configure')
    assert 'set detection_width to 320 or 480 or 640' in robot.report()['last error']
    assert robot.set_parameters(detection_width=480)[0].successful
    assert robot.change_state('configure')
    assert 'face_detector_480 ' in robot.report()['face_detection model']
    (answer,) = robot.set_parameters(detection_width=640)
    assert not answer.successful and 'while the node is configured' in answer.reason
    assert robot.change_state('cleanup')
    assert robot.set_parameters(detection_width=320)[0].successful
    assert robot.change_state('configure')


def test_no_parameter_forges_a_line_of_the_log(unconfigured: Robot, node: Process) -> None:
    robot = unconfigured
    right = robot.parameters('emotion_model')[0]
    forged = 'none\r\n[FATAL] \x1b[31mforged\u2028' + 'x' * 10_000
    assert robot.set_parameters(emotion_model=forged)[0].successful
    assert not robot.change_state('configure')
    (answer,) = robot.set_parameters(image_transport=forged)
    assert not answer.successful and answer.reason.isprintable() and len(answer.reason) < 1000
    assert robot.report()['message'].isprintable()
    assert robot.set_parameters(emotion_model=right)[0].successful
    lines = node.output.splitlines()
    assert any('FATAL' in line for line in lines)
    assert not any(
        line.startswith('[FATAL]') or '\x1b[31mforged' in line or len(line) > 1000
        for line in lines
    )


def test_autostart_with_a_wrong_model_stays_alive(tmp_path: Path) -> None:
    robot = Robot(tmp_path)
    try:
        node = robot.start_node(autostart=True, gender_model='no_such_model')
        assert robot.state == 'unconfigured'
        assert 'no_such_model' in robot.report()['last error']
        assert robot.set_parameters(gender_model='gender_mini_xception')[0].successful
        assert robot.change_state('configure')
        assert robot.change_state('activate')
        assert node.running
    finally:
        robot.close()


def test_shutdown_while_active(tmp_path: Path) -> None:
    robot = Robot(tmp_path)
    try:
        node = robot.start_node(autostart=True, image_transport='compressed')
        watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
        watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
        watcher.wait_for(lambda result: result.faces, 'a face')
        assert robot.change_state('active_shutdown')
        assert robot.state == 'finalized'
        robot.spin_until(lambda: not offered(robot), 'topics gone')
        assert robot.report()['lifecycle state'] == 'finalized'
        assert node.end(signal.SIGINT, END_SECONDS) == 0, node.output
    finally:
        robot.close()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
@pytest.mark.parametrize('frames', [True, False], ids=['while frames flow', 'unconfigured'])
def test_ends_at_a_signal(tmp_path: Path, number: signal.Signals, frames: bool) -> None:
    robot = Robot(tmp_path)
    try:
        node = robot.start_node(autostart=frames, image_transport='compressed')
        if frames:
            player = robot.play(
                str(ROOT / 'demo' / 'bag'),
                '--loop',
                '--remap',
                '/camera/image_raw/compressed:=/image/compressed',
            )
            results = robot.subscribe(FaceAffectArray, '/face_affect/faces')
            robot.spin_until(lambda: len(results) > 5, 'results')
            assert player.running
        else:
            assert robot.state == 'unconfigured'
        assert node.end(number, END_SECONDS) == 0, node.output
        assert 'Traceback' not in node.output
        assert 'WARN' not in node.output and 'ERROR' not in node.output
    finally:
        robot.close()
