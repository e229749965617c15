# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The behaviours with a running node, and without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import time
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Process, Robot, Watcher
import pytest
from sensor_msgs.msg import CompressedImage

py_trees = pytest.importorskip('py_trees')
behaviours = pytest.importorskip('face_affect.behaviours')
Status = py_trees.common.Status

# Maximum duration of a tick: far longer than a tick needs, far shorter than any wait.
TICK_SECONDS = 0.2


class Ticker:
    """A behaviour that is ticked while the robot waits for an event."""

    def __init__(self, robot: Robot, root: Any) -> None:
        self._robot = robot
        self.root = root
        self.tree = py_trees.trees.BehaviourTree(root)
        self.tree.setup(node=robot.node)
        self.longest = 0.0

    def tick(self) -> Any:
        start = time.monotonic()
        self.tree.tick()
        self.longest = max(self.longest, time.monotonic() - start)
        return self.root.status

    def until(self, condition: Callable[[], object], what: str) -> None:
        self._robot.spin_until(lambda: (self.tick(), condition())[1], what)

    def until_status(self, status: Any) -> str:
        """Tick until the root has ``status``; return its feedback message."""
        self.until(lambda: self.root.status == status, f'{self.root.name}: {status}')
        return str(self.root.feedback_message)


@pytest.fixture
def ticking(robot: Robot) -> Iterator[Callable[[Any], Ticker]]:
    """Return a function that sets a leaf or tree up; all are shut down at the end."""
    py_trees.blackboard.Blackboard.clear()
    tickers: list[Ticker] = []

    def start(root: Any) -> Ticker:
        tickers.append(Ticker(robot, root))
        return tickers[-1]

    yield start
    for ticker in tickers:
        ticker.root.stop(Status.INVALID)
        ticker.tree.shutdown()
        assert ticker.longest < TICK_SECONDS


# First, while no node runs


def test_no_node_to_subscribe_to(ticking: Any) -> None:
    ticker = ticking(behaviours.FacesToBlackboard('faces', timeout=0.5))
    assert ticker.tick() == Status.RUNNING
    assert 'waiting for the first result' in ticker.root.feedback_message
    assert 'no publisher on /face_affect/faces' in ticker.until_status(Status.FAILURE)
    # A selector ticks it repeatedly: it must not wait in each tick.
    assert ticker.tick() == Status.FAILURE


def test_no_node_to_send_a_goal_to(ticking: Any) -> None:
    ticker = ticking(behaviours.WaitForAffect('wait', emotion='happy', patience=0.5))
    assert ticker.tick() == Status.RUNNING
    message = ticker.until_status(Status.FAILURE)
    assert 'no action server /face_affect/wait_for_affect' in message


@pytest.mark.parametrize('leaf', ['FacesToBlackboard', 'WaitForAffect'])
def test_setup_needs_a_ros_node(leaf: str) -> None:
    with pytest.raises(KeyError, match='setup needs a ROS node'):
        getattr(behaviours, leaf)('leaf').setup()


@pytest.mark.parametrize(
    'arguments, message',
    [
        ({'emotion': 'joy'}, "unknown emotion 'joy'"),
        ({'gender': 'man'}, "unknown gender 'man'"),
        ({'timeout': -1.0}, 'timeout is -1.0 s'),
        ({'patience': 0.0}, 'patience is 0.0 s'),
        ({'duration': -1.0}, 'duration is -1.0 s'),
        ({'min_confidence': 2.0}, 'min_confidence is 2'),
    ],
)
def test_invalid_arguments_are_refused_at_construction(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        behaviours.WaitForAffect('wait', **arguments)


# From here on with the node, which sees Eileen Collins smiling


@pytest.fixture(scope='module')
def process(robot: Robot) -> Process:
    return robot.start_node(autostart=True, image_transport='compressed')


@pytest.fixture(scope='module')
def watcher(robot: Robot, process: Process) -> Watcher:
    watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    watcher.wait_for(lambda result: result.faces, 'a face')
    return watcher


def test_a_face_that_smiles_is_selected(watcher: Watcher, ticking: Any) -> None:
    leaves = [
        behaviours.FacesToBlackboard('faces'),
        behaviours.IsFacePresent('present'),
        behaviours.IsGender('female', 'female'),
        behaviours.SelectFace('select', 'happiest'),
        behaviours.IsEmotion('happy', 'happy', 0.6, duration=1.0, selected=True),
    ]
    ticker = ticking(py_trees.composites.Sequence('all', memory=False, children=leaves))
    ticker.until_status(Status.SUCCESS)
    newest = py_trees.blackboard.Blackboard.get('/face_affect/faces')
    (face,) = py_trees.blackboard.Blackboard.get('/face_affect/matching_faces')
    assert face == newest.faces[0]
    assert py_trees.blackboard.Blackboard.get('/face_affect/selected_face').id == face.id


def test_wait_succeeds(watcher: Watcher, ticking: Any) -> None:
    ticker = ticking(behaviours.WaitForAffect('wait', 'happy', 'female', duration=0.5))
    said: set[str] = set()
    ticker.until(
        lambda: said.add(ticker.root.feedback_message) or ticker.root.status == Status.SUCCESS,
        'success',
    )
    assert any(' for 0.' in message for message in said)
    (face,) = py_trees.blackboard.Blackboard.get('/face_affect/matching_faces')
    assert ticker.root.feedback_message == f'#{face.id}'
    # Again, as when a tree restarts after its end
    assert ticker.tick() == Status.RUNNING
    ticker.until_status(Status.SUCCESS)


def test_wait_times_out(watcher: Watcher, ticking: Any) -> None:
    ticker = ticking(behaviours.WaitForAffect('wait', 'angry', timeout=0.5))
    assert ticker.until_status(Status.FAILURE) == 'timeout'


@pytest.mark.parametrize('when', ['at once', 'in the midst'])
def test_an_interrupted_wait_cancels_the_goal(
    when: str,
    watcher: Watcher,
    ticking: Any,
    robot: Robot,
) -> None:
    ticker = ticking(behaviours.WaitForAffect('wait', gender='male'))
    statuses = robot.subscribe(GoalStatusArray, '/face_affect/wait_for_affect/_action/status')
    if when == 'at once':
        ticker.until(lambda: ticker.root._response, 'the goal to be sent')
    else:
        ticker.until(lambda: 'none shows it' in ticker.root.feedback_message, 'feedback')
    ticker.root.stop(Status.INVALID)
    robot.spin_until(
        lambda: statuses and statuses[-1].status_list[-1].status == GoalStatus.STATUS_CANCELED,
        'the end of the goal',
    )


def test_camera_that_stops(watcher: Watcher, ticking: Any) -> None:
    faces = ticking(behaviours.FacesToBlackboard('faces', timeout=0.5))
    wait = ticking(behaviours.WaitForAffect('wait', 'angry', patience=0.5))
    faces.until_status(Status.SUCCESS)
    wait.until(
        lambda: (
            'none shows it' in wait.root.feedback_message or 'for' in wait.root.feedback_message
        ),
        'feedback',
    )
    watcher.camera.stop()
    assert 'check that the node is active' in faces.until_status(Status.FAILURE)
    assert not py_trees.blackboard.Blackboard.exists('/face_affect/faces')
    assert 'no feedback' in wait.until_status(Status.FAILURE)
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    faces.until_status(Status.SUCCESS)


def test_inactive_node_refuses(watcher: Watcher, ticking: Any, robot: Robot) -> None:
    wait = ticking(behaviours.WaitForAffect('wait', 'angry'))
    wait.until(lambda: wait.root.feedback_message != 'waiting', 'feedback')
    assert robot.change_state('deactivate')
    assert 'deactivated' in wait.until_status(Status.FAILURE)
    assert wait.tick() == Status.RUNNING
    assert 'goal rejected' in wait.until_status(Status.FAILURE)
    assert robot.change_state('activate')


def test_killed_node(watcher: Watcher, process: Process, ticking: Any) -> None:
    faces = ticking(behaviours.FacesToBlackboard('faces', timeout=0.5))
    wait = ticking(behaviours.WaitForAffect('wait', 'angry', patience=0.5))
    faces.until_status(Status.SUCCESS)
    wait.until(lambda: wait.root.feedback_message != 'waiting', 'feedback')
    process.kill()
    assert 'no result for' in faces.until_status(Status.FAILURE)
    assert 'no feedback' in wait.until_status(Status.FAILURE)
