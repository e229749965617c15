# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Parameter changes while images arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import signal
from typing import Any

from face_affect_msgs.msg import Emotion, Gender
from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Robot, Watcher
import pytest
from sensor_msgs.msg import CompressedImage, Image

DEFAULTS = {
    'detection_threshold': 0.6,
    'min_face_size': 0,
    'enable_emotion': True,
    'enable_gender': True,
    'emotion_min_confidence': 0.5,
    'gender_min_confidence': 0.7,
}


@pytest.fixture(scope='module')
def streaming(robot: Robot) -> Watcher:
    """Publish images of one smiling woman to the node."""
    robot.start_node(autostart=True, image_transport='compressed')
    watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    return watcher


@pytest.fixture
def watcher(streaming: Watcher) -> Iterator[Watcher]:
    """Wait for the face with the default parameters, and set them again after the test."""
    streaming.wait_for(lambda result: result.faces, 'a face')
    yield streaming
    assert streaming.robot.set_at_once(**DEFAULTS).successful


@pytest.mark.parametrize('name, value', [('detection_threshold', 1.0), ('min_face_size', 480)])
def test_faces_vanish_and_return(watcher: Watcher, name: str, value: Any) -> None:
    assert watcher.robot.set_parameters(**{name: value})[0].successful
    watcher.wait_for(lambda result: not result.faces, 'no face')
    assert watcher.robot.set_parameters(**{name: DEFAULTS[name]})[0].successful
    watcher.wait_for(lambda result: result.faces, 'the face again')


def test_a_change_applies_to_the_next_frame(watcher: Watcher) -> None:
    watcher.camera.stop()
    try:
        for wanted in 5 * (False, True):
            assert watcher.robot.set_at_once(
                enable_emotion=wanted, enable_gender=wanted
            ).successful
            face = watcher.look_at(jpeg_image(demo_jpegs()[COLLINS])).faces[0]
            assert (face.emotion.label == Emotion.HAPPY) == wanted
            assert (face.gender.label == Gender.FEMALE) == wanted
    finally:
        watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))


def test_emotion_off_leaves_gender(watcher: Watcher) -> None:
    assert watcher.robot.set_parameters(enable_emotion=False)[0].successful
    result = watcher.wait_for(
        lambda result: result.faces[0].emotion.label == Emotion.UNKNOWN, 'unknown emotion'
    )
    assert result.faces[0].emotion == Emotion()
    assert result.faces[0].gender.label == Gender.FEMALE
    assert watcher.robot.set_parameters(enable_emotion=True)[0].successful
    watcher.wait_for(lambda result: result.faces[0].emotion.label == Emotion.HAPPY, 'happy')


def test_gender_off_leaves_emotion(watcher: Watcher) -> None:
    assert watcher.robot.set_parameters(enable_gender=False)[0].successful
    result = watcher.wait_for(
        lambda result: result.faces[0].gender.label == Gender.UNKNOWN, 'unknown gender'
    )
    assert result.faces[0].gender == Gender()
    assert result.faces[0].emotion.label == Emotion.HAPPY


def test_low_confidence_is_unknown(watcher: Watcher) -> None:
    assert watcher.robot.set_at_once(
        emotion_min_confidence=1.0, gender_min_confidence=1.0
    ).successful
    face = watcher.wait_for(
        lambda result: result.faces[0].emotion.label == Emotion.UNKNOWN, 'unknown'
    ).faces[0]
    assert face.emotion.confidence > 0.3
    assert max(face.emotion.probabilities) == face.emotion.confidence


@pytest.mark.parametrize(
    'name, value, reason',
    [
        ('detection_threshold', 1.5, 'but must be from'),
        ('detection_threshold', -0.1, 'but must be from'),
        ('detection_threshold', float('nan'), ''),
        ('detection_threshold', 1, 'type'),
        ('detection_threshold', 'high', 'type'),
        ('min_face_size', -1, 'but must be from'),
        ('min_face_size', 10.0, 'type'),
        ('enable_emotion', 1, 'type'),
        ('emotion_model', 'gender_mini_xception', 'while the node is configured'),
        ('gender_model', 'no_such_model', 'while the node is configured'),
        ('detector_model', 'no_such_model', 'while the node is configured'),
        ('image_transport', 'raw', 'while the node is configured'),
        ('image_transport', 'theora', ''),
        ('num_threads', 2, 'while the node is configured'),
        ('autostart', False, 'read-only'),
        ('no_such_parameter', 1, ''),
    ],
)
def test_bad_value_is_refused_with_a_reason(
    watcher: Watcher, name: str, value: Any, reason: str
) -> None:
    before = watcher.robot.parameters(name)
    answer = watcher.robot.set_parameters(**{name: value})[0]
    assert not answer.successful
    assert answer.reason and reason in answer.reason
    assert watcher.robot.parameters(name) == before


def test_all_or_none(watcher: Watcher) -> None:
    names = ('enable_emotion', 'detection_threshold', 'min_face_size')
    before = watcher.robot.parameters(*names)
    answer = watcher.robot.set_at_once(
        enable_emotion=False, detection_threshold=1.0, min_face_size=-1
    )
    assert not answer.successful and answer.reason
    answer = watcher.robot.set_at_once(
        enable_emotion=False, detection_threshold=1.0, image_transport='raw'
    )
    assert not answer.successful and 'image_transport' in answer.reason
    assert watcher.robot.parameters(*names) == before
    # Nor in the pipeline: two results later nothing has changed.
    for _ in range(2):
        result = watcher.wait_for(lambda result: True, 'a result')
        assert result.faces[0].emotion.label == Emotion.HAPPY
    assert watcher.robot.set_at_once(enable_emotion=False, enable_gender=False).successful
    result = watcher.wait_for(
        lambda result: result.faces[0].emotion.label == Emotion.UNKNOWN, 'both off'
    )
    assert result.faces[0].gender.label == Gender.UNKNOWN


def test_fixed_parameters_can_be_set_to_their_values(watcher: Watcher) -> None:
    assert watcher.robot.set_parameters(
        image_transport='compressed', emotion_model='emotion_mini_xception'
    )[0].successful


def test_the_rate_can_be_limited(watcher: Watcher) -> None:
    assert watcher.robot.set_parameters(max_rate=0.5)[0].successful
    report = watcher.robot.wait_for_report(
        lambda report: int(report.get('dropped: over_rate', 0)) > 0
    )
    assert int(report['frames received']) >= int(report['frames processed'])
    assert watcher.robot.set_parameters(max_rate=0.0)[0].successful


def test_old_images_can_be_left_out(watcher: Watcher) -> None:
    # The camera stamps its images a little before they arrive.
    assert watcher.robot.set_parameters(max_age=1e-6)[0].successful
    watcher.robot.wait_for_report(lambda report: int(report.get('dropped: too_old', 0)) > 0)
    assert watcher.robot.set_parameters(max_age=0.0)[0].successful
    watcher.wait_for(lambda result: result.faces, 'the face again')


@pytest.mark.parametrize('scale', [0.25, 1.0])
def test_the_debug_image_can_be_smaller(watcher: Watcher, scale: float) -> None:
    pictures = watcher.robot.subscribe(Image, '/face_affect/debug_image')
    assert watcher.robot.set_parameters(debug_image_scale=scale)[0].successful
    watcher.robot.spin_until(
        lambda: (
            pictures and (pictures[-1].width, pictures[-1].height) == (640 * scale, 480 * scale)
        ),
        'a debug image of that size',
    )
    assert watcher.robot.set_parameters(debug_image_scale=1.0)[0].successful


@pytest.mark.parametrize(
    'name, value, reason',
    [
        ('max_rate', -1.0, 'max_rate is -1.0, but must be from 0 to 1000'),
        ('max_age', float('nan'), 'max_age is nan, but must be from 0 to 3600'),
        ('debug_image_scale', 0.0, 'debug_image_scale is 0.0, but must be from 0.05 to 1'),
        ('confirm_frames', 101, 'confirm_frames is 101, but must be from 1 to 100'),
        (
            'max_rate',
            5,
            'max_rate must be of type float, such as 5.0, but the value is of type int',
        ),
    ],
)
def test_bad_limits_are_refused(watcher: Watcher, name: str, value: float, reason: str) -> None:
    (answer,) = watcher.robot.set_parameters(**{name: value})
    assert (answer.successful, answer.reason) == (False, reason)
    answer = watcher.robot.set_at_once(forget_time=3.0, **{name: value})
    assert (answer.successful, answer.reason) == (False, reason)
    assert watcher.robot.parameters('forget_time') == [2.0]


@pytest.mark.parametrize(
    'program, name, hint',
    [
        ('face_affect_node', 'forgt_time', "did you mean 'forget_time'?"),
        ('face_affect_node', 'xyz', 'see ros2 param list'),
        ('camera_node', 'frameid', "did you mean 'frame_id'?"),
        (
            'face_affect_node',
            'qos_overrides./imag.subscription.depth',
            "did you mean 'qos_overrides./image.subscription.depth'?",
        ),
    ],
)
@pytest.mark.parametrize('in_a_file', [False, True], ids=['command line', 'file'])
def test_a_misspelt_parameter_is_named(
    robot: Robot, tmp_path: Path, program: str, name: str, hint: str, in_a_file: bool
) -> None:
    arguments = ['-p', f'{name}:=1.5']
    if in_a_file:
        file = tmp_path / 'own.yaml'
        file.write_text(f'/**: {{ros__parameters: {{{name}: 1.5}}}}')
        arguments = ['--params-file', str(file)]
    process = robot.start(program, '--ros-args', *arguments, '-p', 'use_sim_time:=false')
    expected = f"parameter '{name}' does not exist and is ignored; {hint}"
    robot.spin_until(lambda: expected in process.output, expected)
    assert process.output.count('does not exist') == 1
    process.end(signal.SIGTERM, 10.0)


def test_whole_numbers_are_accepted_for_floats(tmp_path: Path) -> None:
    robot = Robot(tmp_path)
    try:
        robot.start_node(max_rate=5, emotion_model=7)
        assert robot.parameters('max_rate', 'emotion_model') == [5.0, '7']
    finally:
        robot.close()
