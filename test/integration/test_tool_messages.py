# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Detection2DArray and TF frames of the running node, if their packages are installed.

docs/messages.md says how to get the packages and run all of these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import importlib.util
from pathlib import Path
from typing import Any

from harness import iou, Robot, Watcher
from located_scene import DISTANCE, millimetres, Scene
import numpy as np
import pytest

from face_affect.core.faces import EMOTIONS

PACKAGES = {'publish_detections': 'vision_msgs', 'publish_tf': 'tf2_msgs'}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Robot]:
    robot = Robot(tmp_path)
    yield robot
    robot.close()


def messages(package: str) -> Any:
    return pytest.importorskip(f'{package}.msg', reason=f'{package} is not installed')


def start(robot: Robot, *parameters: str) -> Watcher:
    robot.start_node(
        autostart=True, image_transport='compressed', **dict.fromkeys(parameters, True)
    )
    scene = Scene(robot)
    scene.depth = millimetres(1000 * DISTANCE)
    return Watcher(robot, scene.camera)


def wait_for_pair(
    robot: Robot, watcher: Watcher, items: Callable[[], list[Any]]
) -> tuple[Any, Any]:
    """Return one of ``items``, which have headers, and the result of the same image."""

    def pairs() -> list[tuple[Any, Any]]:
        return [
            (item, result)
            for item in items()
            for result in watcher.results
            if item.header == result.header
        ]

    robot.spin_until(pairs, 'a result and a message of the same image')
    return pairs()[-1]


def test_detections(fresh: Robot) -> None:
    kind = messages('vision_msgs').Detection2DArray
    watcher = start(fresh, 'publish_detections', 'publish_position')
    received = fresh.subscribe(kind, '/face_affect/detections')
    detection, result = wait_for_pair(
        fresh, watcher, lambda: [each for message in received for each in message.detections]
    )
    (face,) = result.faces
    assert detection.id == str(face.id)
    bbox, roi = detection.bbox, face.roi
    centre, width, height = bbox.center.position, bbox.size_x, bbox.size_y
    assert (
        iou(
            (centre.x - width / 2, centre.y - height / 2, width, height),
            (roi.x_offset, roi.y_offset, roi.width, roi.height),
        )
        > 0.95
    )
    found = {each.hypothesis.class_id: each.hypothesis.score for each in detection.results}
    assert found['face'] == pytest.approx(face.score, abs=1e-6)
    emotions = [found[label] for label in EMOTIONS]
    np.testing.assert_allclose(emotions, face.emotion.probabilities, atol=1e-6)
    assert found['female'] == pytest.approx(face.gender.probabilities[0], abs=1e-6)
    assert max(emotions) == found['happy']


def test_tf_frames(fresh: Robot) -> None:
    kind = messages('tf2_msgs').TFMessage
    watcher = start(fresh, 'publish_tf')
    received = fresh.subscribe(kind, '/tf')
    frame, result = wait_for_pair(
        fresh, watcher, lambda: [each for message in received for each in message.transforms]
    )
    (face,) = result.faces
    assert frame.child_frame_id == f'face_f{face.id:x}'
    assert face.has_position and face.position.z == pytest.approx(DISTANCE)
    place = frame.transform.translation
    np.testing.assert_allclose(
        (place.x, place.y, place.z),
        (face.position.x, face.position.y, face.position.z),
        atol=1e-6,
    )


@pytest.mark.parametrize('parameter', PACKAGES)
def test_without_the_package_the_node_says_so_and_goes_on(fresh: Robot, parameter: str) -> None:
    package = PACKAGES[parameter]
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f'{package} is installed')
    watcher = start(fresh, parameter)
    assert watcher.wait_for(lambda result: result.faces, 'a face')
    advice = f'sudo apt install ros-$ROS_DISTRO-{package.replace("_", "-")}'
    (process,) = fresh.processes
    lines = [line for line in process.output.splitlines() if package in line]
    assert len(lines) == 1
    assert f'{parameter} needs {package}' in lines[0] and lines[0].endswith(advice)
    assert advice in fresh.report()['last error']


def test_optional_outputs_are_not_published_by_default(fresh: Robot) -> None:
    watcher = start(fresh, 'publish_position')
    assert watcher.wait_for(lambda result: result.faces, 'a face')
    names = dict(fresh.node.get_publisher_names_and_types_by_node('face_affect', '/'))
    assert '/face_affect/faces' in names
    assert not names.keys() & {'/tf', '/face_affect/detections'}
