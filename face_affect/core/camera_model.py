# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Back-projection of pixels to bearings by the camera's calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class CalibrationError(ValueError):
    """A camera calibration is missing, unsupported or inconsistent."""


class _Lens(Protocol):
    """OpenCV's functions for one lens model."""

    def undistortPoints(self, pixels: Vector, matrix: Vector, distortion: Vector) -> Vector:
        """Return the undistorted points [1, 1, 2] on the plane z = 1 of ``pixels``."""

    def projectPoints(
        self, points: Vector, rotation: Vector, shift: Vector, matrix: Vector, distortion: Vector
    ) -> tuple[Vector, Any]:
        """Return the pixels of the projected ``points``, and the Jacobian."""


# Distortion model (sensor_msgs/distortion_models.hpp) -> allowed numbers of coefficients, lens.
# Some drivers call `equidistant` `fisheye`.
_MODELS: dict[str, tuple[tuple[int, ...], _Lens]] = {
    'plumb_bob': ((0, 4, 5), cv2),
    'rational_polynomial': ((8, 12, 14), cv2),
    'equidistant': ((4,), cv2.fisheye),
    'fisheye': ((4,), cv2.fisheye),
}
# Tangent of the angle to the optical axis: 0.06 degrees short of a right angle
MAX_TANGENT = 1000.0
# Re-projection error in focal lengths, about a degree: the iterative undistortion does not
# converge for every calibration.
MAX_RESIDUAL = 0.02


@dataclass(frozen=True)
class CameraModel:
    """A calibrated camera, as in sensor_msgs/CameraInfo.

    ``width``, ``height`` of the calibrated image in pixels; ``matrix`` [9], K in row-major
    order; ``distortion`` the coefficients of ``distortion_model`` in OpenCV's order.
    """

    width: int
    height: int
    matrix: tuple[float, ...]
    distortion_model: str = 'plumb_bob'
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Validate the calibration.

        Raises:
            CalibrationError: K is not that of a calibrated camera, or the distortion model or
                its number of coefficients is not supported.

        """
        values = np.array([*self.matrix, *self.distortion])
        if (
            len(self.matrix) != 9
            or not np.isfinite(values).all()
            or self.matrix[0] <= 0
            or self.matrix[4] <= 0
        ):
            raise CalibrationError(
                f'camera is not calibrated: K is {list(self.matrix[:10])}, but must be 9 finite '
                'numbers with positive focal lengths, and D finite; run camera_calibration'
            )
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
        """Return the bearing of a point of the image.

        Args:
            x: pixels from the left edge of the image, 0.5 at the centre of the first pixel, as
                in boxes.
            y: pixels from the top edge of the image, likewise.

        Returns:
            a unit vector f64 [3] in the camera's optical frame (REP-103): x right, y down,
            z forward.

        Raises:
            CalibrationError: undistortion does not converge there.

        """
        _, lens = _MODELS[self.distortion_model]
        matrix = np.array(self.matrix).reshape(3, 3)
        distortion = np.array(self.distortion or (0.0,) * 4)
        # In OpenCV's and thus ROS's calibrations the centre of the first pixel is (0, 0).
        pixel = np.array([[[x - 0.5, y - 0.5]]])
        ((right, down),) = lens.undistortPoints(pixel, matrix, distortion).reshape(1, 2)
        # Finite coefficients may still have no solution, such as a focal length of 1e-300.
        residual = np.inf
        if abs(right) < MAX_TANGENT and abs(down) < MAX_TANGENT:
            point, none = np.array([[[right, down, 1.0]]]), np.zeros(3)
            seen, _ = lens.projectPoints(point, none, none, matrix, distortion)
            residual = np.abs((seen.reshape(2) - pixel.reshape(2)) / matrix.diagonal()[:2]).max()
        if not residual < MAX_RESIDUAL:
            raise CalibrationError(
                f'cannot undistort pixel ({x:.1f}, {y:.1f}) with K {list(self.matrix)} and '
                f'{self.distortion_model} {list(self.distortion)}; calibrate the camera again'
            )
        direction = np.array([right, down, 1.0])
        return np.asarray(direction / np.linalg.norm(direction))
