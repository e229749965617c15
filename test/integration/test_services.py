# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The services ~/enable and ~/get_faces, and the action ~/wait_for_affect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from face_affect_msgs.action import WaitForAffect
from face_affect_msgs.msg import Emotion, Gender
from face_affect_msgs.srv import GetFaces
from harness import (
    BAG,
    BAG_TOPIC,
    Camera,
    COLLINS,
    demo_jpegs,
    EMPTY,
    jpeg_image,
    Robot,
    Waiting,
    Watcher,
)
import pytest
from rclpy.action import ActionClient
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import SetBool

from face_affect.ros.wait_for_affect import MAX_GOALS


@pytest.fixture(scope='module')
def camera(robot: Robot) -> Camera:
    robot.start_node(autostart=True, image_transport='compressed')
    return Camera(robot, '/image/compressed', CompressedImage)


@pytest.fixture(scope='module')
def client(robot: Robot) -> ActionClient:
    return ActionClient(robot.node, WaitForAffect, '/face_affect/wait_for_affect')


@pytest.fixture
def watcher(robot: Robot, camera: Camera) -> Iterator[Watcher]:
    """Publish images of a smiling woman to the active node."""
    if robot.state == 'inactive':
        assert robot.change_state('activate')
    watcher = Watcher(robot, camera)
    show(watcher, COLLINS)
    watcher.wait_for(lambda result: result.faces, 'a face')
    yield watcher
    camera.stop()


def show(watcher: Watcher, frame: int) -> None:
    watcher.camera.stream(jpeg_image(demo_jpegs()[frame]))


def enable(robot: Robot, data: bool) -> SetBool.Response:
    return robot.ask(SetBool, '/face_affect/enable', SetBool.Request(data=data))


def get_faces(robot: Robot) -> GetFaces.Response:
    return robot.ask(GetFaces, '/face_affect/get_faces')


def duration(seconds: float) -> Duration:
    return Duration(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))


def test_get_faces_before_the_first_result(robot: Robot, camera: Camera) -> None:
    answer = get_faces(robot)
    assert not answer.success
    assert 'no result yet' in answer.message


def test_get_faces(watcher: Watcher) -> None:
    watcher.camera.stop()
    header = watcher.look_at(jpeg_image(demo_jpegs()[COLLINS])).header
    answer = get_faces(watcher.robot)
    assert answer.success and not answer.message
    assert answer.faces.header == header
    assert [face.gender.label for face in answer.faces.faces] == [Gender.FEMALE]


def test_enable(watcher: Watcher) -> None:
    robot = watcher.robot
    last = watcher.wait_for(lambda result: result.faces, 'a face').faces[0].id
    for _ in range(2):  # a second pause changes nothing
        answer = enable(robot, False)
        assert answer.success and answer.message == 'paused'
    assert robot.state == 'active'
    newest = get_faces(robot)
    assert not newest.success
    assert newest.message == ('no result since processing started or stopped; the node is paused')
    robot.report()
    watcher.results.clear()
    assert robot.report()['lifecycle state'] == 'paused'
    assert not watcher.results
    for _ in range(2):
        answer = enable(robot, True)
        assert answer.success and answer.message == 'processing'
    result = watcher.wait_for(lambda result: result.faces, 'a face')
    assert result.faces[0].id > last
    assert robot.report()['lifecycle state'] == 'active'


def test_pause_outlives_deactivation(watcher: Watcher) -> None:
    robot = watcher.robot
    enable(robot, False)
    assert robot.change_state('deactivate')
    assert robot.change_state('activate')
    watcher.results.clear()
    assert robot.report()['lifecycle state'] == 'paused'
    assert not watcher.results
    assert robot.change_state('deactivate')
    answer = enable(robot, True)
    assert answer.success and 'inactive' in answer.message
    assert robot.change_state('activate')
    watcher.wait_for(lambda result: result.faces, 'a face')


def test_wait_succeeds(watcher: Watcher, client: ActionClient) -> None:
    show(watcher, EMPTY)
    watcher.wait_for(lambda result: not result.faces, 'no face')
    waiting = Waiting(
        watcher.robot,
        client,
        emotion=Emotion.HAPPY,
        gender=Gender.FEMALE,
        duration=duration(0.5),
        min_confidence=0.4,
    )
    assert waiting.accepted
    watcher.robot.spin_until(lambda: len(waiting.feedback) > 2, 'feedback')
    assert {(each.face_id, each.faces) for each in waiting.feedback} == {(0, 0)}
    show(watcher, COLLINS)
    status, result = waiting.end()
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert result.success and not result.message
    assert result.face.emotion.label == Emotion.HAPPY
    assert result.face.gender.label == Gender.FEMALE
    shown = [each.shown_for.sec + each.shown_for.nanosec * 1e-9 for each in waiting.feedback]
    assert shown == sorted(shown)
    assert 0.3 <= shown[-1] <= 1
    assert waiting.feedback[-1].face_id == result.face.id
    assert waiting.feedback[-1].faces == 1


def test_wait_while_the_bag_plays(watcher: Watcher, client: ActionClient) -> None:
    watcher.camera.stop()
    waiting = Waiting(
        watcher.robot,
        client,
        emotion=Emotion.HAPPY,
        gender=Gender.FEMALE,
        duration=duration(1.0),
        timeout=duration(25.0),
    )
    player = watcher.robot.play(
        str(BAG),
        '--rate',
        '2',
        '--wait-for-subscriber',
        '30',
        '--remap',
        f'{BAG_TOPIC}:=/image/compressed',
    )
    try:
        status, result = waiting.end()
    finally:
        player.kill()
    assert status == GoalStatus.STATUS_SUCCEEDED, player.output
    assert result.face.gender.label == Gender.FEMALE
    assert {each.faces for each in waiting.feedback} >= {0, 1, 2}


def test_wait_for_one_face_only(watcher: Watcher, client: ActionClient) -> None:
    face = watcher.wait_for(lambda result: result.faces, 'a face').faces[0]
    other = Waiting(watcher.robot, client, face_id=face.id + 1000, timeout=duration(0.5))
    this = Waiting(watcher.robot, client, face_id=face.id, timeout=duration(20.0))
    status, result = this.end()
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert result.face.id == face.id
    assert other.end()[0] == GoalStatus.STATUS_ABORTED


def test_timeout(watcher: Watcher, client: ActionClient) -> None:
    waiting = Waiting(watcher.robot, client, emotion=Emotion.ANGRY, timeout=duration(0.5))
    status, result = waiting.end()
    assert status == GoalStatus.STATUS_ABORTED
    assert not result.success
    assert result.message == 'timeout'


def test_cancel(watcher: Watcher, client: ActionClient) -> None:
    waiting = Waiting(watcher.robot, client, gender=Gender.MALE)
    waiting.cancel()
    status, result = waiting.end()
    assert status == GoalStatus.STATUS_CANCELED
    assert not result.success
    assert result.message == 'cancelled'


def test_two_goals_at_once(watcher: Watcher, client: ActionClient) -> None:
    show(watcher, EMPTY)
    watcher.wait_for(lambda result: not result.faces, 'no face')
    soon = Waiting(watcher.robot, client, gender=Gender.FEMALE)
    never = Waiting(watcher.robot, client, gender=Gender.MALE)
    assert not soon.done and not never.done
    show(watcher, COLLINS)
    assert soon.end()[0] == GoalStatus.STATUS_SUCCEEDED
    assert not never.done
    never.cancel()
    assert never.end()[0] == GoalStatus.STATUS_CANCELED


def test_deactivation_aborts(watcher: Watcher, client: ActionClient) -> None:
    goals = [Waiting(watcher.robot, client, gender=Gender.MALE) for _ in range(2)]
    assert watcher.robot.change_state('deactivate')
    for waiting in goals:
        status, result = waiting.end()
        assert status == GoalStatus.STATUS_ABORTED
        assert not result.success
        assert 'deactivated' in result.message
    rejected = Waiting(watcher.robot, client, gender=Gender.FEMALE)
    assert not rejected.accepted


def test_waiting_goals_are_bounded(watcher: Watcher, client: ActionClient) -> None:
    watcher.camera.stop()
    goals = [Waiting(watcher.robot, client, gender=Gender.MALE) for _ in range(MAX_GOALS)]
    assert all(waiting.accepted for waiting in goals)
    assert not Waiting(watcher.robot, client, gender=Gender.MALE).accepted
    goals[0].cancel()
    assert goals[0].end()[0] == GoalStatus.STATUS_CANCELED
    assert Waiting(watcher.robot, client, gender=Gender.MALE).accepted
    assert watcher.robot.change_state('deactivate')
    assert goals[-1].end()[0] == GoalStatus.STATUS_ABORTED


@pytest.mark.parametrize(
    'goal',
    [
        {'emotion': 7},
        {'gender': 2},
        {'emotion': Emotion.UNKNOWN},
        {'min_confidence': 1.5},
        {'min_confidence': float('nan')},
        {'duration': Duration(sec=-1)},
        {'timeout': Duration(sec=-1)},
    ],
    ids=str,
)
def test_invalid_goal_is_rejected(watcher: Watcher, client: ActionClient, goal: Any) -> None:
    assert not Waiting(watcher.robot, client, **goal).accepted
    watcher.wait_for(lambda result: result.faces, 'the node goes on')


def test_goal_for_a_switched_off_task_is_rejected(watcher: Watcher, client: ActionClient) -> None:
    assert watcher.robot.set_parameters(enable_emotion=False)[0].successful
    try:
        assert not Waiting(watcher.robot, client, emotion=Emotion.HAPPY).accepted
        gender = Waiting(watcher.robot, client, gender=Gender.FEMALE)
        assert gender.accepted
        assert gender.end()[0] == GoalStatus.STATUS_SUCCEEDED
    finally:
        assert watcher.robot.set_parameters(enable_emotion=True)[0].successful
