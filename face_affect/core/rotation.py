# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Rotation of images and results by multiples of 90 degrees, for rotated cameras."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, Detection, Face

_CODES = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


@dataclass(frozen=True)
class Rotation:
    """A clockwise rotation by ``degrees``, one of ROTATIONS, of images ``width`` x ``height``.

    >>> rotation = Rotation(90, width=640, height=480)
    >>> rotation.point(0, 0)
    (480, 0)
    >>> rotation.inverse.point(480, 0)
    (0, 0)
    """

    degrees: int
    width: int
    height: int

    @classmethod
    def of(cls, degrees: int, image: NDArray[np.uint8]) -> Rotation:
        """Return the rotation of images like ``image``, [H, W, ...]."""
        return cls(degrees, image.shape[1], image.shape[0])

    @property
    def inverse(self) -> Rotation:
        """The inverse rotation, of images rotated by this one."""
        size = (self.width, self.height) if self.degrees % 180 == 0 else (self.height, self.width)
        return Rotation(-self.degrees % 360, *size)

    def image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``image``, rotated; ``image`` itself for 0 degrees."""
        if not self.degrees:
            return image
        return np.asarray(cv2.rotate(image, _CODES[self.degrees]), dtype=np.uint8)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the image in coordinates of the rotated image, pixels."""
        if self.degrees == 90:
            return self.height - y, x
        if self.degrees == 180:
            return self.width - x, self.height - y
        return (y, self.width - x) if self.degrees == 270 else (x, y)

    def box(self, box: Box) -> Box:
        """Return a box of the image in coordinates of the rotated image, pixels."""
        one = self.point(box.x, box.y)
        other = self.point(box.x + box.width, box.y + box.height)
        size = (box.width, box.height) if self.degrees % 180 == 0 else (box.height, box.width)
        return Box(min(one[0], other[0]), min(one[1], other[1]), *size)

    def detection(self, found: Detection) -> Detection:
        """Return a detection in the image in coordinates of the rotated image."""
        return Detection(
            self.box(found.box),
            found.score,
            tuple(self.point(x, y) for x, y in found.landmarks),
            (found.base_roll + self.degrees) % 360,
        )

    def face(self, face: Face) -> Face:
        """Return a face in the image in coordinates of the rotated image."""
        return replace(face, detection=self.detection(face.detection))
