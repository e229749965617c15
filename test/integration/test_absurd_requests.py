# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Well-formed requests with absurd values: each is answered, and the program continues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from face_affect_msgs.action import WaitForAffect
from face_affect_msgs.srv import GetFaces
from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Process, Robot, Waiting, Watcher
from hypothesis import given, Phase, settings
from hypothesis import strategies as st
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import ListParameters, SetParameters, SetParametersAtomically
from rclpy.action import ActionClient
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import SetBool

from face_affect.core.parameters import declarations
from face_affect.ros.parameters import NodeParameters

EXAMPLES = 50
NAMES = sorted(declaration.name for declaration in declarations(NodeParameters))
STATES = {'unconfigured', 'inactive', 'active'}
# Not faults: after these transitions the node ends.
LAST = {
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    Transition.TRANSITION_INACTIVE_SHUTDOWN,
    Transition.TRANSITION_ACTIVE_SHUTDOWN,
    Transition.TRANSITION_DESTROY,
}
ENDS = {GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_ABORTED, GoalStatus.STATUS_CANCELED}

bytes_8 = st.integers(0, 2**8 - 1)
# A string of ROS ends at NUL.
texts = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=40)
values = st.builds(
    ParameterValue,
    type=st.integers(0, 9) | bytes_8,
    bool_value=st.booleans(),
    integer_value=st.integers(-(2**63), 2**63 - 1),
    double_value=st.floats(),
    string_value=texts,
    byte_array_value=st.just([b'\xff']),
    double_array_value=st.lists(st.floats(), max_size=3),
    string_array_value=st.lists(texts, max_size=3),
)


def parameters_named(names: Sequence[str]) -> st.SearchStrategy[list[Parameter]]:
    """Return lists of parameters: with these names, use_sim_time and arbitrary ones."""
    name = st.sampled_from([*names, 'use_sim_time']) | texts
    return st.lists(st.builds(Parameter, name=name, value=values), max_size=4)


parameters = parameters_named(NAMES)
durations = st.builds(
    Duration, sec=st.integers(-(2**31), 2**31 - 1), nanosec=st.integers(0, 2**32 - 1)
)


@dataclass(frozen=True)
class Call:
    """A request to a service of the node."""

    kind: Any
    name: str
    request: Any


goals = st.fixed_dictionaries(
    {
        'emotion': bytes_8,
        'gender': bytes_8,
        'face_id': st.integers(0, 2**64 - 1),
        'min_confidence': st.floats(width=32),
        'duration': durations,
        'timeout': durations,
    }
)
calls = st.one_of(
    st.builds(
        Call,
        st.just(SetParameters),
        st.just('set_parameters'),
        st.builds(SetParameters.Request, parameters=parameters),
    ),
    st.builds(
        Call,
        st.just(SetParametersAtomically),
        st.just('set_parameters_atomically'),
        st.builds(SetParametersAtomically.Request, parameters=parameters),
    ),
    st.builds(
        Call,
        st.just(ChangeState),
        st.just('change_state'),
        st.builds(
            ChangeState.Request,
            transition=st.builds(
                Transition, id=bytes_8.filter(lambda id: id not in LAST), label=st.just('') | texts
            ),
        ),
    ),
    st.builds(
        Call, st.just(SetBool), st.just('enable'), st.builds(SetBool.Request, data=st.booleans())
    ),
    st.just(Call(GetFaces, 'get_faces', GetFaces.Request())),
)


# No shrinking: a request that is not answered takes the whole deadline each time.
ASKING = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
)


@pytest.fixture(scope='module')
def process(robot: Robot) -> Process:
    return robot.start_node(autostart=True, image_transport='compressed')


@pytest.fixture(scope='module')
def client(robot: Robot) -> ActionClient:
    return ActionClient(robot.node, WaitForAffect, '/face_affect/wait_for_affect')


def start_again(robot: Robot, parameters: dict[str, Any]) -> None:
    """Bring the node from any state through unconfigured to active, with ``parameters``."""
    for state, transition in (('active', 'deactivate'), ('inactive', 'cleanup')):
        if robot.state == state:
            assert robot.change_state(transition)
    # Those that cannot change once the node has started are refused, and have not changed.
    robot.set_parameters(**parameters)
    assert robot.parameters(*parameters) == list(parameters.values())
    assert robot.change_state('configure')
    assert robot.change_state('activate')


def test_absurd_requests_are_answered(
    robot: Robot, process: Process, client: ActionClient
) -> None:
    watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
    image = jpeg_image(demo_jpegs()[COLLINS])
    watcher.warm_up(image)
    names = [*NAMES, 'use_sim_time']
    before = dict(zip(names, robot.parameters(*names), strict=True))

    @ASKING
    @given(calls | goals)
    def ask(asked: Call | dict[str, Any]) -> None:
        if isinstance(asked, Call):
            robot.ask(asked.kind, f'/face_affect/{asked.name}', asked.request)
        else:
            waiting = Waiting(robot, client, **asked)
            if waiting.accepted:
                waiting.cancel()
                status, _ = waiting.end()
                assert status in ENDS
        assert robot.state in STATES

    ask()
    assert process.running
    start_again(robot, before)
    watcher.warm_up(image)
    assert watcher.look_at(image).faces
    assert 'Traceback' not in process.output


def refuses_an_unnamed_parameter(robot: Robot, name: str) -> bool:
    value = ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=1)
    unnamed = [Parameter(name='', value=value)]
    request = SetParameters.Request(parameters=unnamed)
    (single,) = robot.ask(SetParameters, f'/{name}/set_parameters', request).results
    whole = robot.ask(
        SetParametersAtomically,
        f'/{name}/set_parameters_atomically',
        SetParametersAtomically.Request(parameters=unnamed),
    ).result
    return not any(
        result.successful or 'empty name' not in result.reason for result in (single, whole)
    )


def test_a_parameter_without_a_name_is_refused(robot: Robot, process: Process) -> None:
    assert refuses_an_unnamed_parameter(robot, 'face_affect')


@pytest.mark.parametrize('program', ['camera_node', 'live_view', 'ros4hri_bridge'])
def test_absurd_parameters_of_the_other_programs(
    robot: Robot, program: str, tmp_path: Path
) -> None:
    if program == 'ros4hri_bridge':
        pytest.importorskip('hri_msgs.msg')
    picture = tmp_path / 'collins.jpg'
    picture.write_bytes(demo_jpegs()[COLLINS])
    options = {
        'camera_node': ['-p', f'source:={picture}', '-p', 'loop:=true'],
        'live_view': ['-p', 'port:=0'],
        'ros4hri_bridge': [],
    }[program]
    name = 'camera' if program == 'camera_node' else program
    process = robot.start(program, '--ros-args', *options)
    names = robot.ask(ListParameters, f'/{name}/list_parameters').result.names
    assert len(names) > 3

    @ASKING
    @given(st.sampled_from([SetParameters, SetParametersAtomically]), parameters_named(names))
    def ask(kind: Any, wanted: list[Parameter]) -> None:
        service = 'set_parameters' if kind is SetParameters else 'set_parameters_atomically'
        robot.ask(kind, f'/{name}/{service}', kind.Request(parameters=wanted))

    ask()
    assert refuses_an_unnamed_parameter(robot, name)
    assert robot.ask(ListParameters, f'/{name}/list_parameters').result.names == names
    assert process.running
    assert 'Traceback' not in process.output
