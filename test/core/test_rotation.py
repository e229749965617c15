# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace

import cv2
from demo_bag import DemoFrame
import numpy as np
import pytest

from face_affect.core.annotation import annotate_saliency
from face_affect.core.camera_model import CameraModel
from face_affect.core.depth import DepthImage
from face_affect.core.faces import Box, Detection, Face
from face_affect.core.localisation import locate
from face_affect.core.pipeline import Pipeline
from face_affect.core.rotation import Rotation
from face_affect.core.saliency import Explainer
from face_affect.core.settings import ROTATIONS, Settings

TURNED = [degrees for degrees in ROTATIONS if degrees]
# What a camera that is turned so gives, of an upright image: np.rot90 turns counterclockwise.
MOUNTED = {90: 1, 180: 2, 270: 3}


def mounted(image: np.ndarray, degrees: int) -> np.ndarray:
    """Return the image of a camera that needs ``rotate`` by that many degrees."""
    return np.ascontiguousarray(np.rot90(image, MOUNTED[degrees]))


def sides(box: Box) -> tuple[float, ...]:
    return box.x, box.y, box.width, box.height


def test_no_rotation_is_no_copy() -> None:
    image = np.zeros((3, 5, 3), np.uint8)
    assert Rotation.of(0, image).image(image) is image


@pytest.mark.parametrize('degrees', ROTATIONS)
def test_points_move_with_their_pixels(degrees: int) -> None:
    image = np.zeros((3, 5), np.uint8)
    image[1, 4] = 255
    rotation = Rotation.of(degrees, image)
    ((row, column),) = np.argwhere(rotation.image(image))
    assert rotation.point(4.5, 1.5) == (column + 0.5, row + 0.5)
    assert rotation.inverse.point(*rotation.point(4.5, 1.5)) == (4.5, 1.5)


@pytest.mark.parametrize(
    'degrees, expected',
    [
        (0, Box(10, 20, 30, 40)),
        (90, Box(480 - 20 - 40, 10, 40, 30)),
        (180, Box(640 - 10 - 30, 480 - 20 - 40, 30, 40)),
        (270, Box(20, 640 - 10 - 30, 40, 30)),
    ],
)
def test_boxes(degrees: int, expected: Box) -> None:
    rotation = Rotation(degrees, 640, 480)
    assert rotation.box(Box(10, 20, 30, 40)) == expected
    assert rotation.inverse.box(expected) == Box(10, 20, 30, 40)


def test_a_face_there_and_back() -> None:
    face = Face(1, Detection(Box(10, 20, 30, 40), 0.9, ((15.0, 25.0), (30.0, 25.0))), 1.0, 3)
    for degrees in ROTATIONS:
        rotation = Rotation(degrees, 640, 480)
        assert rotation.inverse.face(rotation.face(face)) == face


@pytest.mark.parametrize('degrees', TURNED)
def test_results_are_those_of_the_upright_image(
    demo_frames: list[DemoFrame], degrees: int
) -> None:
    upright, turned = Pipeline(Settings()), Pipeline(Settings(rotate=degrees))
    for frame in demo_frames[96:101]:
        expected = upright.process(frame.image, frame.stamp)
        image = mounted(frame.image, degrees)
        found = turned.process(image, frame.stamp)
        assert (found.width, found.height) == (image.shape[1], image.shape[0])
        back = Rotation.of(degrees, image)
        for face, other in zip(found.faces, expected.faces):
            assert (face.id, face.age, face.estimates) == (other.id, other.age, other.estimates)
            one = back.face(face).detection
            assert sides(one.box) == pytest.approx(sides(other.detection.box))
            assert one.landmarks == pytest.approx(np.array(other.detection.landmarks))
        assert len(found.faces) == len(expected.faces)
        assert found.rotate == degrees
    assert len(found.faces) == 3


@pytest.mark.parametrize('degrees', TURNED)
def test_without_the_parameter_most_are_missed(demo_frames: list[DemoFrame], degrees: int) -> None:
    pipeline = Pipeline(Settings(confirm_frames=1))
    assert len(pipeline.process(mounted(demo_frames[100].image, degrees), 0.0).faces) < 3


def test_a_change_starts_anew(demo_frames: list[DemoFrame]) -> None:
    pipeline = Pipeline(Settings(confirm_frames=1))
    image = demo_frames[100].image
    before = {face.id for face in pipeline.process(image, 0.0).faces}
    pipeline.settings = replace(pipeline.settings, rotate=180)
    after = {face.id for face in pipeline.process(mounted(image, 180), 0.1).faces}
    assert len(before) == len(after) == 3
    assert min(after) > max(before)


@pytest.mark.parametrize('degrees', TURNED)
def test_bearing_and_position_are_those_of_the_camera(
    demo_frames: list[DemoFrame], degrees: int
) -> None:
    image = mounted(demo_frames[100].image, degrees)
    height, width = image.shape[:2]
    result = Pipeline(Settings(confirm_frames=1, rotate=degrees)).process(image, 0.0)
    matrix = (500.0, 0.0, width / 2, 0.0, 500.0, height / 2, 0.0, 0.0, 1.0)
    depth = DepthImage(np.full((height, width), 2.0, np.float32), 1.0)
    for face in locate(result, CameraModel(width, height, matrix), depth).faces:
        x, y = face.detection.box.centre
        assert face.location and face.location.position
        expected = ((x - 0.5 - width / 2) / 250, (y - 0.5 - height / 2) / 250, 2.0)
        assert face.location.position == pytest.approx(expected)


@pytest.mark.parametrize('degrees', TURNED)
def test_explanations_lie_over_the_image(demo_frames: list[DemoFrame], degrees: int) -> None:
    upright = Pipeline(Settings(confirm_frames=1))
    detector, *classifiers = upright.sidecars
    explainer = Explainer(classifiers, detector.calibrated_as)
    frame = demo_frames[100].image
    expected = explainer(frame, upright.process(frame, 0.0), 'emotion')
    image = mounted(frame, degrees)
    result = Pipeline(Settings(confirm_frames=1, rotate=degrees)).process(image, 0.0)
    found = explainer(image, result, 'emotion')
    back = Rotation.of(degrees, image)
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected):
        assert sides(back.box(one.square)) == pytest.approx(sides(other.square))
        code = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180}.get(
            degrees, cv2.ROTATE_90_COUNTERCLOCKWISE
        )
        np.testing.assert_array_equal(cv2.rotate(one.gradient, code), other.gradient)
    assert annotate_saliency(image, found).shape == image.shape
