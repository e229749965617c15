# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bearings against OpenCV's own projection, and against what is known by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from face_affect.core.camera_model import CalibrationError, CameraModel

MATRIX = (500.0, 0.0, 319.5, 0.0, 480.0, 239.5, 0.0, 0.0, 1.0)
# Undistortion is iterative in OpenCV; this is a hundredth of a face's width at two metres.
MAX_ERROR = np.radians(0.05)
DISTORTIONS = {
    'plumb_bob': (-0.35, 0.12, 0.001, -0.0008, 0.0),
    'rational_polynomial': (0.2, -0.3, 0.001, 0.0005, 0.1, 0.5, -0.25, 0.05),
    'equidistant': (-0.02, 0.005, -0.002, 0.0003),
}
POINTS = [(0.0, 0.0, 1.0), (-0.5, 0.3, 1.0), (0.4, -0.35, 2.0), (1.2, 0.9, 2.5)]


def model(kind: str = 'plumb_bob', distortion: tuple[float, ...] = ()) -> CameraModel:
    return CameraModel(640, 480, MATRIX, kind, distortion)


def pixel_of(point: tuple[float, ...], kind: str) -> tuple[float, float]:
    """Project by OpenCV; from the corner of the first pixel, as boxes are measured."""
    project = cv2.fisheye.projectPoints if kind == 'equidistant' else cv2.projectPoints
    pixels, _ = project(
        np.array([[point]]),
        np.zeros(3),
        np.zeros(3),
        np.array(MATRIX).reshape(3, 3),
        np.array(DISTORTIONS[kind]),
    )
    x, y = pixels.reshape(2)
    return float(x) + 0.5, float(y) + 0.5


@pytest.mark.parametrize('kind', DISTORTIONS)
@pytest.mark.parametrize('point', POINTS)
def test_bearing_points_where_the_projection_came_from(
    kind: str,
    point: tuple[float, ...],
) -> None:
    bearing = model(kind, DISTORTIONS[kind]).bearing(*pixel_of(point, kind))
    assert np.linalg.norm(bearing) == pytest.approx(1)
    true = np.array(point) / np.linalg.norm(point)
    assert np.arccos(np.clip(bearing @ true, -1, 1)) < MAX_ERROR


def test_axes_are_those_of_an_optical_frame() -> None:
    camera = model()
    np.testing.assert_allclose(camera.bearing(320, 240), (0, 0, 1), atol=1e-12)
    right, down = camera.bearing(640, 240), camera.bearing(320, 480)
    np.testing.assert_allclose(right, np.array((320 / 500, 0, 1)) / np.hypot(320 / 500, 1))
    np.testing.assert_allclose(down, np.array((0, 240 / 480, 1)) / np.hypot(240 / 480, 1))


@pytest.mark.parametrize(
    'matrix', [(0.0,) * 9, MATRIX[:8], (float('nan'), *MATRIX[1:]), (-500.0, *MATRIX[1:])]
)
def test_camera_without_calibration_is_refused(matrix: tuple[float, ...]) -> None:
    with pytest.raises(CalibrationError, match='not calibrated'):
        CameraModel(640, 480, matrix)


@pytest.mark.parametrize(
    'kind, distortion, message',
    [
        ('', (), "model '' is not supported; supported are plumb_bob"),
        ('omnidirectional', (1.0,), "model 'omnidirectional' is not supported"),
        ('plumb_bob', (0.1, 0.2), 'has 2 coefficients, but must have 0 or 4 or 5'),
        ('equidistant', (0.1,), 'has 1 coefficients, but must have 4'),
        ('plumb_bob', (float('inf'), 0.0, 0.0, 0.0), 'not calibrated'),
    ],
)
def test_unknown_distortion_is_refused(
    kind: str,
    distortion: tuple[float, ...],
    message: str,
) -> None:
    with pytest.raises(CalibrationError, match=message):
        model(kind, distortion)


@pytest.mark.parametrize(
    'kind, distortion',
    [
        ('plumb_bob', (1e10,) * 5),
        ('plumb_bob', (1e200,) * 5),
        ('plumb_bob', (-5.0, 20.0, 0.0, 0.0, -50.0)),
        ('equidistant', (-1.0,) * 4),
    ],
)
def test_a_bearing_is_seen_at_its_pixel(kind: str, distortion: tuple[float, ...]) -> None:
    with pytest.raises(CalibrationError, match=r'cannot undistort pixel \(620.0, 20.0\)'):
        model(kind, distortion).bearing(620, 20)


@pytest.mark.parametrize(
    'matrix, distortion',
    [
        ((1e-300, 0.0, 320.0, 0.0, 1e-300, 240.0, 0.0, 0.0, 1.0), ()),
        ((1e-4, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0), ()),
        ((500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0), (1e300, 0.0, 0.0, 0.0)),
    ],
)
@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_a_bearing_is_finite_or_none(
    matrix: tuple[float, ...], distortion: tuple[float, ...]
) -> None:
    camera = CameraModel(640, 480, matrix, 'plumb_bob', distortion)
    try:
        bearing = camera.bearing(100, 100)
    except CalibrationError as error:
        assert 'cannot undistort pixel (100.0, 100.0)' in str(error)
    else:
        assert np.linalg.norm(bearing) == pytest.approx(1)
        assert 1e-4 not in matrix and 1e-300 not in matrix
