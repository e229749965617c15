# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from face_affect.core.annotation import (
    annotate,
    annotate_saliency,
    blur_faces,
    COLOURS,
    contact_sheet,
    LEAST_TILE,
    saliency_tile,
)
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
from face_affect.core.saliency import Explanation


def face(box: Box, label: str = 'happy', number: int = 1) -> Face:
    values = tuple(float(name == label) for name in EMOTIONS)
    emotion = Estimate(EMOTIONS, values, values, 0.5)
    gender = Estimate(GENDERS, (0.9, 0.1), (0.9, 0.1))
    return Face(number, Detection(box, 0.9), 0.0, 1, {'emotion': emotion, 'gender': gender})


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


def test_boxes_are_drawn_at_the_size_of_the_image() -> None:
    halved = annotate(blank((120, 160, 3)), result(face(Box(100, 100, 80, 90))))
    assert halved.shape == (120, 160, 3)
    assert tuple(halved[72, 50]) == tuple(halved[72, 90]) == COLOURS['happy']
    assert tuple(halved[72, 70]) == (90, 90, 90)
    again = annotate(blank(), result(face(Box(100, 100, 80, 90))), 0.5)
    np.testing.assert_array_equal(again, halved)


def test_nobody_there() -> None:
    image = blank()
    found = annotate(image, result())
    np.testing.assert_array_equal(found, image)
    assert found is not image


@pytest.mark.parametrize(
    'box',
    [
        Box(100, 100, 50, 50),
        Box(-20, 100, 50, 50),
        Box(300, 100, 50, 50),
        Box(100, -20, 50, 50),
        Box(100, 220, 50, 50),
        Box(-20, -20, 50, 50),
        Box(300, 220, 50, 50),
        Box(-50, -50, 500, 500),
        Box(0, 0, 320, 240),
        Box(100.5, 100.5, 0.4, 0.4),
    ],
)
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


@pytest.mark.parametrize(
    'count, shape',
    [(1, (120, 640, 3)), (3, (120, 640, 3)), (4, (120, 640, 3)), (5, (240, 640, 3))],
)
def test_contact_sheet(count: int, shape: tuple[int, ...]) -> None:
    assert contact_sheet([blank()] * count, 4, 160).shape == shape


# Saliency


def explanation(square: Box, label: str = 'happy') -> Explanation:
    gradient = np.zeros((48, 48), np.float32)
    gradient[:24], gradient[24:, 24:] = 0.01, -0.01
    return Explanation(face(square, label), label, 0.8, square, gradient)


def test_tile_shows_sign_and_size() -> None:
    tile = saliency_tile(explanation(Box(0, 0, 9, 9)).gradient, 96)
    assert tile.shape == (96, 96, 3)
    assert tile[10, 10].tolist() == [255] * 3
    assert tile[80, 10].tolist() == [128] * 3
    assert tile[80, 80].tolist() == [1] * 3


def test_tile_of_nothing_is_gray() -> None:
    assert (saliency_tile(np.zeros((48, 48), np.float32), 96) == 128).all()


def test_one_bright_pixel_does_not_hide_the_rest() -> None:
    gradient = explanation(Box(0, 0, 9, 9)).gradient
    gradient[40, 5] = 100
    assert saliency_tile(gradient, 96)[10, 10, 0] == 255


@pytest.mark.parametrize('scale', [1.0, 0.5])
def test_explanation_stands_where_the_face_is(scale: float) -> None:
    square = Box(100, 20, 200, 200)
    found = annotate_saliency(blank(), [explanation(square)], scale)
    assert found.shape == (round(240 * scale), round(320 * scale), 3)
    for (x, y), gray in {(150, 90): 255, (285, 150): 1}.items():
        assert found[round(y * scale), round(x * scale)].tolist() == [gray] * 3
    assert found[3, 3].tolist() == [90] * 3
    assert (found == COLOURS['happy']).all(axis=2).sum() > 200


def test_small_face_is_enlarged() -> None:
    found = annotate_saliency(blank(), [explanation(Box(160, 120, 10, 10))])
    assert (found != 90).any(axis=2)[125].sum() >= LEAST_TILE


@pytest.mark.parametrize(
    'square',
    [
        Box(-50, -50, 80, 80),
        Box(300, 200, 80, 80),
        Box(-500, -500, 50, 50),
        Box(0, 0, 900, 900),
        Box(10.5, 10.5, 0.4, 0.4),
    ],
)
@pytest.mark.parametrize('shape', [(240, 320, 3), (240, 320), (20, 2000, 3), (1, 1)])
def test_explanation_anywhere(square: Box, shape: tuple[int, ...]) -> None:
    image = blank(shape)
    assert annotate_saliency(image, [explanation(square)]).shape == (*shape[:2], 3)
    assert (image == 90).all()


def test_nothing_to_explain() -> None:
    np.testing.assert_array_equal(annotate_saliency(blank(), []), blank())


@pytest.mark.parametrize('x', [100, -100, 305])  # whole, and strips of 20 and 15 pixels
def test_blurred_faces_have_no_detail(x: int) -> None:
    stripes = 255 * (np.arange(320) // 8 % 2)  # as wide as the features of such a face
    image = np.broadcast_to(stripes[None, :, None], (240, 320, 3)).astype(np.uint8)
    found = blur_faces(image, result(face(Box(x, 60, 120, 120))))
    columns = slice(max(x, 0), min(x + 120, 320))
    assert found[60:180, columns].std() < image[60:180, columns].std() / 4
    # What is not a face stays
    np.testing.assert_array_equal(found[:15], image[:15])


def test_faces_are_blurred_at_the_size_of_the_image() -> None:
    stripes = 255 * (np.arange(160) // 4 % 2)
    image = np.broadcast_to(stripes[None, :, None], (120, 160, 3)).astype(np.uint8)
    found = blur_faces(image, result(face(Box(100, 60, 120, 120))))
    assert found[30:90, 50:110].std() < image[30:90, 50:110].std() / 4
    np.testing.assert_array_equal(found[:7], image[:7])
    np.testing.assert_array_equal(found[:, 140:], image[:, 140:])
