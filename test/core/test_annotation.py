# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.annotation import annotate, COLOURS, contact_sheet
from face_affect.core.faces import (
    Box,
    Detection,
    EMOTIONS,
    Estimate,
    Face,
    FrameResult,
    GENDERS,
    UNKNOWN,
)


def face(box: Box, label: str = 'happy', number: int = 1) -> Face:
    values = tuple(float(name == label) for name in EMOTIONS)
    emotion = Estimate(EMOTIONS, values, values, 0.5)
    gender = Estimate(GENDERS, (0.9, 0.1), (0.9, 0.1))
    return Face(number, Detection(box, 0.9, np.zeros((6, 2), np.float32)), 0.0, 1, emotion, gender)


def result(*faces: Face) -> FrameResult:
    return FrameResult(0.0, 320, 240, faces)


def blank(shape: tuple[int, ...] = (240, 320, 3)) -> np.ndarray:
    return np.full(shape, 90, np.uint8)


@pytest.mark.parametrize('label', [*EMOTIONS, UNKNOWN])
def test_every_label_has_its_own_colour(label: str) -> None:
    assert label in COLOURS
    assert list(COLOURS.values()).count(COLOURS[label]) == 1


@pytest.mark.parametrize('label', [*EMOTIONS, UNKNOWN])
def test_box_has_the_labels_colour(label: str) -> None:
    found = annotate(blank(), result(face(Box(100, 100, 80, 90), label)))
    assert tuple(found[145, 100]) == COLOURS[label]
    assert tuple(found[145, 180]) == COLOURS[label]


def test_nobody_there() -> None:
    image = blank()
    found = annotate(image, result())
    np.testing.assert_array_equal(found, image)
    assert found is not image


@pytest.mark.parametrize('box', [
    Box(100, 100, 50, 50), Box(-20, 100, 50, 50), Box(300, 100, 50, 50), Box(100, -20, 50, 50),
    Box(100, 220, 50, 50), Box(-20, -20, 50, 50), Box(300, 220, 50, 50), Box(-50, -50, 500, 500),
    Box(0, 0, 320, 240), Box(100.5, 100.5, 0.4, 0.4)])
def test_face_anywhere(box: Box) -> None:
    image = blank()
    found = annotate(image, result(face(box)))
    assert found.shape == image.shape
    assert found.dtype == np.uint8
    # Its caption is in the picture, wherever the face is.
    assert (found == COLOURS['happy']).all(axis=2).sum() > 300
    assert (image == 90).all()


@pytest.mark.parametrize('box', [Box(-500, -500, 50, 50), Box(900, 900, 50, 50)])
def test_face_out_of_sight(box: Box) -> None:
    np.testing.assert_array_equal(annotate(blank(), result(face(box))), blank())


@pytest.mark.parametrize('shape', [(240, 320), (1, 1, 3), (8, 8), (20, 2000, 3), (2000, 20, 3)])
def test_any_image(shape: tuple[int, ...]) -> None:
    image = blank(shape)
    found = annotate(image, result(face(Box(2, 2, 30, 30))))
    assert found.shape == (*shape[:2], 3)
    assert (image == 90).all()


def test_read_only_view() -> None:
    image = np.full((240, 400, 3), 90, np.uint8)[:, :320]
    image.flags.writeable = False
    assert (annotate(image, result(face(Box(50, 50, 99, 99)))) != 90).any()


def test_id_shows() -> None:
    one = annotate(blank(), result(face(Box(100, 100, 50, 50), number=1)))
    two = annotate(blank(), result(face(Box(100, 100, 50, 50), number=2)))
    assert (one != two).any()


def test_tasks_that_are_off() -> None:
    bare = Face(1, face(Box(100, 100, 50, 50)).detection, 0.0, 1)
    found = annotate(blank(), result(bare))
    assert tuple(found[125, 100]) == COLOURS[UNKNOWN]


@pytest.mark.parametrize('count, shape', [
    (1, (120, 640, 3)), (3, (120, 640, 3)), (4, (120, 640, 3)), (5, (240, 640, 3))])
def test_contact_sheet(count: int, shape: tuple[int, ...]) -> None:
    assert contact_sheet([blank()] * count, 4, 160).shape == shape
