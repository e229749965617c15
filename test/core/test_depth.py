# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Depth images: both encodings, invalid values, broken layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.depth import decode_depth, DepthImage
from face_affect.core.faces import Box
from face_affect.core.images import ImageError

BOX = Box(20, 10, 20, 20)


def millimetres(wall: int, face: int) -> NDArray[np.uint16]:
    """Return a face that fills BOX except a margin, before a wall."""
    image = np.full((48, 64), wall, np.uint16)
    image[13:27, 23:37] = face
    return image


def decoded(image: NDArray[Any], encoding: str) -> DepthImage:
    height, width = image.shape
    return decode_depth(image.tobytes(), encoding, width, height, width * image.itemsize)


def test_face_not_the_wall_behind_it() -> None:
    assert decoded(millimetres(4000, 1500), '16UC1').median(BOX) == pytest.approx(1.5)


def test_both_encodings_agree() -> None:
    image = millimetres(4000, 1500)
    metres = (image * 0.001).astype(np.float32)
    assert decoded(metres, '32FC1').median(BOX) == pytest.approx(
        decoded(image, '16UC1').median(BOX)
    )


@pytest.mark.parametrize('invalid', [0.0, np.nan, np.inf, -np.inf, -1.0])
def test_invalid_depths_do_not_count(invalid: float) -> None:
    image = np.full((48, 64), 2.0, np.float32)
    image[10:30, 20:38:2] = invalid
    assert decoded(image, '32FC1').median(BOX) == pytest.approx(2.0)
    image[:] = invalid
    image[20, 30] = 2.0  # one pixel proves nothing
    assert decoded(image, '32FC1').median(BOX) is None


def test_median_not_mean() -> None:
    image = millimetres(4000, 1500)
    image[18:22, 28:32] = 60000
    assert decoded(image, '16UC1').median(BOX) == pytest.approx(1.5)


@pytest.mark.parametrize('box', [Box(-30, -30, 20, 20), Box(70, 10, 20, 20)])
def test_box_outside_the_image(box: Box) -> None:
    assert decoded(millimetres(4000, 1500), '16UC1').median(box) is None


def test_box_across_the_border_counts_what_is_inside() -> None:
    assert decoded(millimetres(4000, 1500), '16UC1').median(Box(-5, 10, 20, 20)) == 4.0


def test_big_endian_and_padding() -> None:
    image = millimetres(4000, 1500).astype('>u2')
    rows = b''.join(row.tobytes() + b'\xff' * 6 for row in image)
    depth = decode_depth(rows, '16UC1', 64, 48, 64 * 2 + 6, is_bigendian=True)
    assert depth.median(BOX) == pytest.approx(1.5)


@pytest.mark.parametrize(
    'change, reason',
    [
        ({'encoding': 'bgr8'}, 'depth_encoding'),
        ({'encoding': ''}, 'depth_encoding'),
        ({'step': 100}, 'depth_layout'),
        ({'height': 49}, 'depth_layout'),
        ({'width': 0, 'height': 0}, 'depth_layout'),
        ({'data': b''}, 'depth_layout'),
    ],
)
def test_broken_depth_image_is_refused(change: dict[str, Any], reason: str) -> None:
    fine: dict[str, Any] = {
        'data': millimetres(4000, 1500).tobytes(),
        'encoding': '16UC1',
        'width': 64,
        'height': 48,
        'step': 128,
    }
    with pytest.raises(ImageError) as error:
        decode_depth(**{**fine, **change})
    assert error.value.reason == reason


@pytest.mark.parametrize('value, expected', [(1000.0, 1000.0), (1001.0, None), (3e38, None)])
def test_depths_beyond_all_cameras_are_invalid(value: float, expected: float | None) -> None:
    values = np.full((20, 20), value, np.float32)
    assert DepthImage(values, 1.0).median(Box(5, 5, 9, 9)) == expected
