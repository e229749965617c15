# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""All ROS programs: no external input ends them, and a signal ends them cleanly."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
from typing import Any

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Time
from face_affect_msgs.action import WaitForAffect
from face_affect_msgs.msg import Emotion
from harness import BAG, COLLINS, demo_jpegs, Robot, Waiting
import pytest
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from face_affect.signals import SIGNALS

END_SECONDS = 5.0
NODES = {
    'face_affect_node': '/face_affect',
    'camera_node': '/camera',
    'ros4hri_bridge': '/ros4hri_bridge',
    'live_view': '/live_view',
    'player': '/face_affect_player',
}
# A stand-in that ROS can advertise, sufficient for a bridge without faces
HRI_MSGS = 'from std_msgs.msg import Header as IdsList\n'


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Robot]:
    """Give a ROS domain to one test."""
    robot = Robot(tmp_path)
    yield robot
    robot.close()


def command(name: str, folder: Path, *ros_arguments: str) -> list[str]:
    """Return the command line of a program, with arguments to run until a signal."""
    if name == 'player':
        return ['face-affect', 'play', str(BAG), '--loop']
    words = [name, '--ros-args', *ros_arguments]
    if name == 'face_affect_node':
        return [*words, '-p', 'autostart:=true']
    if name == 'camera_node':
        picture = folder / 'picture.jpg'
        picture.write_bytes(demo_jpegs()[COLLINS])
        return [*words, '-p', f'source:={picture}', '-p', 'loop:=true', '-p', 'rate:=5']
    if name == 'live_view':
        return [*words, '-p', 'port:=0']
    package = folder / 'hri_msgs'
    package.mkdir(exist_ok=True)
    (package / '__init__.py').touch()
    (package / 'msg.py').write_text(HRI_MSGS)
    return ['env', f'PYTHONPATH={folder}:{os.environ.get("PYTHONPATH", "")}', *words]


def set_parameters(robot: Robot, node: str, *parameters: ParameterMessage) -> list[Any]:
    request = SetParameters.Request(parameters=list(parameters))
    return list(robot.ask(SetParameters, f'{node}/set_parameters', request).results)


def use_sim_time(robot: Robot, node: str, value: bool) -> bool:
    message = Parameter('use_sim_time', value=value).to_parameter_msg()
    return bool(set_parameters(robot, node, message)[0].successful)


@pytest.mark.parametrize('name', NODES)
def test_parameters_of_unknown_types_are_refused(fresh: Robot, tmp_path: Path, name: str) -> None:
    process = fresh.start(*command(name, tmp_path))
    node = NODES[name]
    wrong = [
        ParameterMessage(name='use_sim_time', value=ParameterValue(type=kind))
        for kind in (10, 99, 255)
    ]
    right = Parameter('use_sim_time', value=False).to_parameter_msg()
    results = set_parameters(fresh, node, *wrong, right)
    assert [result.successful for result in results] == [False, False, False, True]
    assert '99' in results[1].reason
    at_once = fresh.ask(
        SetParametersAtomically,
        f'{node}/set_parameters_atomically',
        SetParametersAtomically.Request(parameters=[right, wrong[2]]),
    ).result
    assert not at_once.successful and '255' in at_once.reason
    assert process.running
    # Throttled: one line for three exceptions of a kind
    assert process.output.count('is not a valid') <= 2
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('name', NODES)
def test_negative_time_ends_nothing(fresh: Robot, tmp_path: Path, name: str) -> None:
    process = fresh.start(*command(name, tmp_path))
    node = NODES[name]
    assert use_sim_time(fresh, node, True)
    clock = fresh.node.create_publisher(Clock, '/clock', 10)
    fresh.spin_until(clock.get_subscription_count, 'the program on /clock')
    for stamp in (Time(sec=-5), Time(sec=-(2**31), nanosec=2**32 - 1), Time(sec=2**31 - 1)):
        clock.publish(Clock(clock=stamp))
        assert fresh.parameters_of(node, 'use_sim_time') == [True]
    fresh.spin_until(
        lambda: (
            clock.publish(Clock(clock=Time(sec=-1)))
            or 'a callback failed: ValueError' in process.output
        ),
        'the log line',
    )
    assert use_sim_time(fresh, node, False), 'the program still answers'
    assert process.running
    assert process.output.count('a callback failed') == 1
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('number', SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize('name', NODES)
def test_ends_at_a_signal(fresh: Robot, tmp_path: Path, name: str, number: signal.Signals) -> None:
    process = fresh.start(*command(name, tmp_path))
    assert use_sim_time(fresh, NODES[name], False), 'it is there'
    assert process.end(number, END_SECONDS) == 0, process.output
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('number', SIGNALS, ids=lambda number: number.name)
def test_a_waiting_goal_is_answered_at_a_signal(fresh: Robot, number: signal.Signals) -> None:
    node = fresh.start_node(autostart=True)
    client = ActionClient(fresh.node, WaitForAffect, '/face_affect/wait_for_affect')
    fresh.spin_until(lambda: fresh.state == 'active', 'the active node')
    goals = [Waiting(fresh, client, emotion=Emotion.HAPPY) for _ in range(3)]
    assert all(goal.accepted for goal in goals)
    node.send(number)
    for goal in goals:
        status, result = goal.end()
        assert status == GoalStatus.STATUS_ABORTED
        assert result.message == 'the node was shut down'
    assert node.wait(END_SECONDS) == 0, node.output


# Invalid starts


@pytest.mark.parametrize('name', [name for name in NODES if name != 'player'])
@pytest.mark.parametrize(
    'arguments, reason',
    [
        (['--params-file', '{folder}/broken.yaml'], "broken.yaml'. Error: No value at line 3"),
        (['--params-file', '{folder}/none.yaml'], "none.yaml'. Error: Error opening YAML file"),
        (['-p', 'use_sim_time:=maybe'], "use_sim_time is 'maybe'"),
        (['-r', 'bad'], "Couldn't parse remap rule: '-r bad'"),
        (['--unknown'], "['--unknown']"),
    ],
    ids=['broken file', 'no file', 'use_sim_time', 'remap rule', 'unknown'],
)
def test_a_wrong_start_is_one_line(
    fresh: Robot, tmp_path: Path, name: str, arguments: list[str], reason: str
) -> None:
    (tmp_path / 'broken.yaml').write_text('/**:\n  ros__parameters:\n    autostart:\n')
    words = [word.format(folder=tmp_path) for word in arguments]
    process = fresh.start(*command(name, tmp_path, *words))
    assert process.wait() == 1
    (line,) = process.output.splitlines()
    program = 'face_affect' if name == 'face_affect_node' else name
    assert line.startswith(f'{program}: cannot start: ')
    assert reason in line


@pytest.mark.parametrize('rate', ['-5', '-5.0', '.nan', '5000', 'fast'])
def test_a_wrong_rate_of_the_camera_is_one_line(fresh: Robot, tmp_path: Path, rate: str) -> None:
    (tmp_path / 'picture.jpg').write_bytes(demo_jpegs()[COLLINS])
    source = f'source:={tmp_path / "picture.jpg"}'
    process = fresh.start('camera_node', '--ros-args', '-p', source, '-p', f'rate:={rate}')
    assert process.wait() == 1
    (line,) = process.output.splitlines()
    assert line.startswith('camera_node: cannot start: ')
    assert 'rate' in line


@pytest.mark.parametrize('name', NODES)
def test_without_a_home(fresh: Robot, tmp_path: Path, name: str) -> None:
    unset = ['env', '-u', 'HOME', '-u', 'ROS_HOME', '-u', 'ROS_LOG_DIR']
    process = fresh.start(*unset, *command(name, tmp_path))
    assert use_sim_time(fresh, NODES[name], False), 'it runs'
    assert 'no log file is written' in process.output
    assert process.end(signal.SIGTERM, END_SECONDS) == 0


@pytest.mark.parametrize('name', NODES)
def test_without_ros(fresh: Robot, tmp_path: Path, name: str) -> None:
    """Hide rclpy, as after a plain pip install on a machine without ROS."""
    (tmp_path / 'rclpy.py').write_text('raise ModuleNotFoundError("No rclpy here", name="rclpy")')
    paths = f'PYTHONPATH={tmp_path}:{os.environ.get("PYTHONPATH", "")}'
    words = command(name, tmp_path)
    process = fresh.start('env', paths, *words[words.index('env') + 2 if 'env' in words else 0 :])
    assert process.wait() == 1
    (line,) = process.output.splitlines()
    assert 'cannot start: No rclpy here; ROS 2 and face_affect_msgs' in line
