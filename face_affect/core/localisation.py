# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Localisation of faces in space by camera calibration and depth."""

from __future__ import annotations

from dataclasses import replace

from face_affect.core.camera_model import CalibrationError, CameraModel
from face_affect.core.depth import DepthImage
from face_affect.core.faces import Box, FrameResult, Location
from face_affect.core.images import ImageError


def locate(
    result: FrameResult, camera: CameraModel, depth: DepthImage | None = None
) -> FrameResult:
    """Return ``result`` with the location of every face.

    Args:
        result: the faces of one image.
        camera: the calibration for images of that size.
        depth: a depth image registered to this image, pixel by pixel; without it, or where it is
            invalid, faces get a bearing and no position.

    Raises:
        CalibrationError: the calibration is for images of another size, or undistortion does not
            converge.
        ImageError: the depth image is of another size ('depth_size').

    """
    if (camera.width, camera.height) != (result.width, result.height):
        raise CalibrationError(
            f'calibration is for images of {camera.width}x{camera.height} pixels, but they have '
            f'{result.width}x{result.height}; calibrate the camera at this size'
        )
    if depth is not None and depth.values.shape != (result.height, result.width):
        height, width = depth.values.shape
        raise ImageError(
            'depth_size',
            f'depth image has {width}x{height} pixels, but the image {result.width}x'
            f'{result.height}; use a depth topic that is registered to the image',
        )
    return replace(
        result,
        faces=tuple(
            replace(face, location=_location(face.detection.box, camera, depth))
            for face in result.faces
        ),
    )


def _location(box: Box, camera: CameraModel, depth: DepthImage | None) -> Location:
    x, y, z = camera.bearing(*box.centre).tolist()
    distance = depth.median(box) if depth else None
    if distance is None:
        return Location((x, y, z))
    # Depth is measured along the optical axis, not along the ray.
    return Location((x, y, z), (x * distance / z, y * distance / z, distance))
