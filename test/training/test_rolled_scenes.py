# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import numpy as np
import pytest

from training.data.scenes import Scene
from training.evaluation.rolled_scenes import rolled


def scene() -> Scene:
    """Return a black scene with a white face whose first landmark is red."""
    image = np.zeros((60, 100, 3), np.uint8)
    image[10:30, 70:80] = 255
    image[14:17, 71:74] = (0, 0, 255)
    points = np.full((1, 5, 2), (75, 20), np.float32)
    points[0, 0] = 72.5, 15.5
    return Scene(
        image,
        np.array([(70, 10, 10, 20)], np.float32),
        points,
        np.zeros(1, bool),
        'made',
    )


@pytest.mark.parametrize('degrees', [0, 45, 90, 180])
def test_boxes_and_landmarks_move_with_the_picture(degrees: float) -> None:
    found = rolled(scene(), degrees)
    assert found.image.shape == (117, 117, 3)
    x, y, width, height = found.boxes[0]
    assert (width, height) == (10, 20)
    white = (found.image > 200).all(axis=2)
    rows, columns = np.nonzero(white)
    centre = (x + width / 2, y + height / 2)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(centre, abs=1.2)
    red = (found.image[..., 2] > 200) & (found.image[..., 0] < 60)
    rows, columns = np.nonzero(red)
    landmark = tuple(found.points[0, 0])
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(landmark, abs=1.2)
    assert found.source == 'made'


def test_a_quarter_turn_is_counterclockwise() -> None:
    """A face right of the centre is above it after a quarter turn."""
    _, y, _, height = rolled(scene(), 90).boxes[0]
    assert y + height / 2 < 117 / 2 - 20
