# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""From a pixel to a direction in space, by the camera's calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class CalibrationError(ValueError):
    """A calibration cannot be used; the message says why."""


class _Lens(Protocol):
    """OpenCV's functions of one kind of lens."""

    def undistortPoints(self, pixels: Vector, matrix: Vector, distortion: Vector) -> Vector:
        """Return the points [1, 1, 2] of the plane z = 1 that are seen at ``pixels``."""

    def projectPoints(
        self, points: Vector, rotation: Vector, shift: Vector, matrix: Vector, distortion: Vector
    ) -> tuple[Vector, Any]:
        """Return the pixels at which ``points``, in space, are seen."""


# Distortion model (sensor_msgs/distortion_models.hpp) -> numbers of coefficients, lens.
# `fisheye` is what some drivers call `equidistant`.
_MODELS: dict[str, tuple[tuple[int, ...], _Lens]] = {
    'plumb_bob': ((0, 4, 5), cv2),
    'rational_polynomial': ((8, 12, 14), cv2),
    'equidistant': ((4,), cv2.fisheye),
    'fisheye': ((4,), cv2.fisheye),
}


# Of the angle to the optical axis: beyond, 0.06 degrees from a right angle, no lens looks.
MAX_TANGENT = 1000.0
# In focal lengths, about a degree: undistortion is iterative, and does not converge for every
# calibration.
MAX_RESIDUAL = 0.02


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
        _, lens = _MODELS[self.distortion_model]
        matrix = np.array(self.matrix).reshape(3, 3)
        distortion = np.array(self.distortion or (0.0,) * 4)
        # OpenCV's and so ROS's calibrations call the middle of the first pixel (0, 0).
        pixel = np.array([[[x - 0.5, y - 0.5]]])
        ((right, down),) = lens.undistortPoints(pixel, matrix, distortion).reshape(1, 2)
        # Numbers that are finite by themselves may still give none, such as a focal length of
        # 1e-300 pixels.
        residual = np.inf
        if abs(right) < MAX_TANGENT and abs(down) < MAX_TANGENT:
            point, none = np.array([[[right, down, 1.0]]]), np.zeros(3)
            seen, _ = lens.projectPoints(point, none, none, matrix, distortion)
            residual = np.abs((seen.reshape(2) - pixel.reshape(2)) / matrix.diagonal()[:2]).max()
        if not residual < MAX_RESIDUAL:
            raise CalibrationError(
                f'K {list(self.matrix)} and {self.distortion_model} {list(self.distortion)} give '
                f'no direction for pixel ({x:.1f}, {y:.1f})'
            )
        direction = np.array([right, down, 1.0])
        return np.asarray(direction / np.linalg.norm(direction))
