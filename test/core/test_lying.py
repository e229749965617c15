# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Faces that lie or are upside down, with the networks of the package."""

from __future__ import annotations

from dataclasses import replace

import cv2
from demo_bag import DemoFrame
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.crop import roll_of
from face_affect.core.detection import with_lower_odds
from face_affect.core.faces import Box, Detection, FrameResult
from face_affect.core.lying import LyingSearch, ODDS_OF_LYING, ROLLS
from face_affect.core.pipeline import Pipeline
from face_affect.core.rotation import Rotation
from face_affect.core.settings import Settings


class Recorder:
    """Finds one face at the same place in each image, with a score of 0.9."""

    name = 'recorder'
    input_size = (320, 240)

    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self.thresholds: list[float] = []

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        self.images.append(image)
        self.thresholds.append(threshold)
        return [Detection(Box(10, 20, 30, 40), 0.9, ((15.0, 25.0),))]


@pytest.mark.parametrize('shape', [(480, 640), (200, 100), (1080, 1920), (2000, 3)])
def test_detections_are_in_pixels_of_the_image(shape: tuple[int, int]) -> None:
    detector = Recorder()
    image = np.zeros((*shape, 3), np.uint8)
    for known in ROLLS:
        search = LyingSearch(detector)
        assert len(search(image, 0.5, [])) == len(ROLLS)
        search(image, 0.5, [known])
        (found,) = search(image, 0.5, [known])
        seen = detector.images[-1]
        assert seen.shape[0] * seen.shape[1] <= shape[0] * shape[1]
        assert found.base_roll == known
        scale = max(shape) / max(seen.shape)
        size = (30, 40) if known == 180 else (40, 30)
        assert found.box.width == pytest.approx(size[0] * scale, rel=0.01)
        assert found.box.height == pytest.approx(size[1] * scale, rel=0.01)
        ((x, y),) = found.landmarks
        assert found.box.x <= x <= found.box.x + found.box.width
        assert found.box.y <= y <= found.box.y + found.box.height


def test_scores_are_lowered() -> None:
    detector = Recorder()
    found, *_ = LyingSearch(detector)(np.zeros((240, 320, 3), np.uint8), 0.6, [])
    assert found.score == pytest.approx(0.9 / (0.9 + ODDS_OF_LYING * 0.1))
    assert detector.thresholds == [pytest.approx(0.6 / (0.6 + 0.4 / ODDS_OF_LYING))] * 3
    for score in (0.0, 0.3, 0.6, 1.0):
        raised = with_lower_odds(score, 1 / ODDS_OF_LYING)
        assert with_lower_odds(raised, ODDS_OF_LYING) == pytest.approx(score)


def film(pipeline: Pipeline, image: NDArray[np.uint8], images: int = 20) -> list[FrameResult]:
    return [pipeline.process(image, i / 15) for i in range(images)]


@pytest.fixture(scope='module')
def upright(demo_frames: list[DemoFrame]) -> tuple[NDArray[np.uint8], FrameResult]:
    """Return an image of several people, and the faces that are found in it."""
    image = demo_frames[100].image
    result = film(Pipeline(Settings()), image)[-1]
    assert len(result.faces) > 1
    return image, result


@pytest.mark.parametrize('rotate', [0, 90])
@pytest.mark.parametrize('roll', [90, 180, 270])
def test_lying_faces_are_found_and_read(
    upright: tuple[NDArray[np.uint8], FrameResult], roll: int, rotate: int
) -> None:
    image, expected = upright
    rotation = Rotation.of(roll, image)
    results = film(Pipeline(Settings(detect_lying=True, rotate=rotate)), rotation.image(image))
    # After the first second, every face is reported in every image, although not searched for.
    ids = {tuple(face.id for face in result.faces) for result in results[15:]}
    assert len(ids) == 1
    assert len(results[-1].faces) == len(expected.faces)
    for face in expected.faces:
        place = rotation.box(face.detection.box)
        found = max(results[-1].faces, key=lambda one: one.detection.box.iou(place))
        assert found.detection.box.iou(place) > 0.7
        assert found.detection.base_roll == roll
        assert abs(np.exp(1j * np.radians(roll_of(found.detection) - roll)) - 1) < 0.35
        assert found.gender.label == face.gender.label
        assert found.emotion.label == face.emotion.label


@pytest.mark.parametrize('roll', [90, 180, 270])
def test_a_single_image_is_searched_in_all_rotations(
    upright: tuple[NDArray[np.uint8], FrameResult], roll: int
) -> None:
    image, expected = upright
    pipeline = Pipeline(Settings(detect_lying=True, confirm_frames=1))
    for _ in range(2):
        pipeline.reset()
        result = pipeline.process(Rotation.of(roll, image).image(image), 0.0)
        assert len(result.faces) == len(expected.faces)


def test_most_lying_faces_are_not_found_without_the_parameter(
    upright: tuple[NDArray[np.uint8], FrameResult],
) -> None:
    image, expected = upright
    result = film(Pipeline(Settings()), cv2.rotate(image, cv2.ROTATE_180))[-1]
    assert len(result.faces) < len(expected.faces)


def test_upright_faces_are_reported_as_without_the_parameter(
    upright: tuple[NDArray[np.uint8], FrameResult],
) -> None:
    image, expected = upright
    results = film(Pipeline(Settings(detect_lying=True)), image)
    assert [face.detection for face in results[-1].faces] == [
        face.detection for face in expected.faces
    ]


def test_faces_are_forgotten_when_switched_off(
    upright: tuple[NDArray[np.uint8], FrameResult],
) -> None:
    image, _ = upright
    lying = cv2.rotate(image, cv2.ROTATE_180)
    pipeline = Pipeline(Settings(detect_lying=True))
    assert any(face.detection.base_roll for face in film(pipeline, lying)[-1].faces)
    pipeline.settings = replace(pipeline.settings, detect_lying=False)
    result = pipeline.process(lying, 20 / 15)
    assert not any(face.detection.base_roll for face in result.faces)
