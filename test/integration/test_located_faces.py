# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bearings by CameraInfo and positions by depth images, through the live node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness import Robot, Watcher
from located_scene import (
    calibrated,
    CENTRE_X,
    CENTRE_Y,
    depth_image,
    DISTANCE,
    FOCAL,
    millimetres,
    Scene,
)
import numpy as np
import pytest
from sensor_msgs.msg import Image
from visualization_msgs.msg import Marker, MarkerArray


@pytest.fixture(scope='module')
def scene(robot: Robot) -> Scene:
    robot.start_node(autostart=True, image_transport='compressed', publish_position=True)
    return Scene(robot)


@pytest.fixture
def wait_for(robot: Robot, scene: Scene) -> Callable[[Callable[[Any], object], str], Any]:
    watcher = Watcher(robot, scene.camera)

    def wait(condition: Callable[[Any], object], what: str) -> Any:
        found = watcher.wait_for(lambda result: result.faces and condition(result.faces[0]), what)
        return found.faces[0]

    return wait


def expected_bearing(face: Any) -> np.ndarray:
    """Return the direction to the centre of the box, which is rounded to pixels."""
    x = face.roi.x_offset + face.roi.width / 2 - 0.5
    y = face.roi.y_offset + face.roi.height / 2 - 0.5
    ray = np.array([(x - CENTRE_X) / FOCAL, (y - CENTRE_Y) / FOCAL, 1])
    return np.asarray(ray / np.linalg.norm(ray))


def xyz(message: Any) -> list[float]:
    return [message.x, message.y, message.z]


def problem(robot: Robot, word: str) -> None:
    """Wait until the node has counted another problem of that kind."""

    def count(report: dict[str, str]) -> int:
        return int(report.get(f'not located: {word}', 0))

    before = count(robot.report())
    robot.wait_for_report(lambda report: count(report) > before)


def test_bearing_without_depth(scene: Scene, robot: Robot, wait_for: Any) -> None:
    face = wait_for(lambda face: face.has_bearing, 'a bearing')
    np.testing.assert_allclose(xyz(face.bearing), expected_bearing(face), atol=2 / FOCAL)
    assert not face.has_position and xyz(face.position) == [0, 0, 0]
    problem(robot, 'no_depth')


@pytest.mark.parametrize(
    'depth',
    [
        millimetres(1000 * DISTANCE),
        depth_image(np.full((480, 640), DISTANCE), '32FC1', '<f4'),
    ],
    ids=['16UC1', '32FC1'],
)
def test_position(scene: Scene, wait_for: Any, depth: Image) -> None:
    scene.depth = None
    wait_for(lambda face: not face.has_position, 'no position')
    scene.depth = depth
    face = wait_for(lambda face: face.has_position, 'a position')
    assert face.has_bearing
    np.testing.assert_allclose(
        xyz(face.position),
        expected_bearing(face) / expected_bearing(face)[2] * DISTANCE,
        atol=2 * DISTANCE / FOCAL,
    )


def test_markers_are_published_to_a_subscriber(scene: Scene, robot: Robot) -> None:
    scene.depth = millimetres(1000 * DISTANCE)
    arrays = robot.subscribe(MarkerArray, '/face_affect/markers')

    def shown() -> list[int]:
        return [marker.type for marker in arrays[-1].markers[1:]] if arrays else []

    robot.spin_until(
        lambda: shown() == [Marker.ARROW, Marker.TEXT_VIEW_FACING, Marker.SPHERE],
        'the markers of one face',
    )
    assert arrays[-1].markers[0].header.frame_id == 'test_camera'


def test_invalid_depth_gives_no_position(scene: Scene, wait_for: Any) -> None:
    scene.depth = depth_image(np.full((480, 640), np.nan), '32FC1', '<f4')
    face = wait_for(lambda face: not face.has_position, 'no position')
    assert face.has_bearing


@pytest.mark.parametrize(
    'depth, word',
    [
        (millimetres(1000, 320, 240), 'depth_size'),
        (
            Image(encoding='bgr8', width=640, height=480, step=1920, data=bytes(640 * 480 * 3)),
            'depth_encoding',
        ),
        (
            Image(encoding='16UC1', width=640, height=480, step=1280, data=bytes(100)),
            'depth_layout',
        ),
    ],
)
def test_wrong_depth_image_is_counted(
    scene: Scene,
    robot: Robot,
    wait_for: Any,
    depth: Image,
    word: str,
) -> None:
    scene.depth = depth
    problem(robot, word)
    face = wait_for(lambda face: not face.has_position, 'a face')
    assert face.has_bearing


@pytest.mark.parametrize(
    'change',
    [{'k': [0.0] * 9}, {'width': 1280, 'height': 960}, {'distortion_model': 'unheard_of'}],
)
def test_wrong_calibration_is_counted(
    scene: Scene,
    robot: Robot,
    wait_for: Any,
    change: dict[str, Any],
) -> None:
    scene.info = calibrated(**change)
    try:
        problem(robot, 'camera_info')
        face = wait_for(lambda face: not face.has_bearing, 'a face without bearing')
        assert xyz(face.bearing) == [0, 0, 0]
    finally:
        scene.info = calibrated()
    wait_for(lambda face: face.has_bearing, 'a bearing again')
