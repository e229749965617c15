# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""From a pixel to a direction in space, by the camera's calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class CalibrationError(ValueError):
    """A calibration cannot be used; the message says why."""


def _perspective(pixel: Vector, matrix: Vector, distortion: Vector) -> Vector:
    if not distortion.size:
        distortion = np.zeros(5)
    return np.asarray(cv2.undistortPoints(pixel, matrix, distortion), dtype=np.float64)


def _fisheye(pixel: Vector, matrix: Vector, distortion: Vector) -> Vector:
    return np.asarray(cv2.fisheye.undistortPoints(pixel, matrix, distortion), dtype=np.float64)


# Distortion model (sensor_msgs/distortion_models.hpp) -> numbers of coefficients, undistortion.
# Both undistort to the plane z = 1; `fisheye` is what some drivers call `equidistant`.
_Undistort = Callable[[Vector, Vector, Vector], Vector]
_MODELS: dict[str, tuple[tuple[int, ...], _Undistort]] = {
    'plumb_bob': ((0, 4, 5), _perspective),
    'rational_polynomial': ((8, 12, 14), _perspective),
    'equidistant': ((4,), _fisheye),
    'fisheye': ((4,), _fisheye),
}


# Of the angle to the optical axis: beyond, 0.06 degrees from a right angle, no lens looks.
MAX_TANGENT = 1000.0


@dataclass(frozen=True)
class CameraModel:
    """A calibrated camera, as in sensor_msgs/CameraInfo.

    ``width``, ``height`` pixels of the image that the calibration is for;
    ``matrix`` [9], K by rows; ``distortion`` the coefficients of
    ``distortion_model``, in OpenCV's order.
    """

    width: int
    height: int
    matrix: tuple[float, ...]
    distortion_model: str = 'plumb_bob'
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be calculated with.

        Raises:
            CalibrationError: the camera is not calibrated, or the distortion model not known.

        """
        values = np.array([*self.matrix, *self.distortion])
        if (
            len(self.matrix) != 9
            or not np.isfinite(values).all()
            or self.matrix[0] <= 0
            or self.matrix[4] <= 0
        ):
            raise CalibrationError(f'the camera is not calibrated: K is {list(self.matrix)}')
        if self.distortion_model not in _MODELS:
            raise CalibrationError(
                f'distortion model {self.distortion_model[:40]!r} is not '
                f'supported; supported are {", ".join(_MODELS)}'
            )
        counts, _ = _MODELS[self.distortion_model]
        if len(self.distortion) not in counts:
            raise CalibrationError(
                f'{self.distortion_model} has {len(self.distortion)} '
                f'coefficients, but must have {" or ".join(map(str, counts))}'
            )

    def bearing(self, x: float, y: float) -> Vector:
        """Return the direction to a point of the image.

        Args:
            x, y: pixels from the image's top left corner, so that the middle of the first pixel
                is (0.5, 0.5), as boxes are measured.

        Returns:
            a unit vector f64 [3] in the camera's optical frame (REP-103): x right, y down,
            z forward.

        Raises:
            CalibrationError: the calibration gives no direction there.

        """
        _, undistort = _MODELS[self.distortion_model]
        # OpenCV's and so ROS's calibrations call the middle of the first pixel (0, 0).
        pixel = np.array([[[x - 0.5, y - 0.5]]])
        matrix = np.array(self.matrix).reshape(3, 3)
        ((right, down),) = undistort(pixel, matrix, np.array(self.distortion)).reshape(1, 2)
        # Numbers that are finite by themselves may still give none, such as a focal length of
        # 1e-300 pixels.
        if not (abs(right) < MAX_TANGENT and abs(down) < MAX_TANGENT):
            raise CalibrationError(
                f'K {list(self.matrix)} and {self.distortion_model} {list(self.distortion)} give '
                f'no direction for pixel ({x:.1f}, {y:.1f})'
            )
        direction = np.array([right, down, 1.0])
        return np.asarray(direction / np.linalg.norm(direction))
