# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The demo bag's frames and their true faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, Face

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class TrueFace:
    """A face that truth.json lists."""

    person: int
    appearance: int
    box: Box

    def at_border(self, width: int = 640) -> bool:
        """Return whether the left or right border of the image clips the face."""
        return self.box.x <= 0 or self.box.x + self.box.width >= width

    def found_in(self, faces: Sequence[Face]) -> Face | None:
        """Return the face of the highest IoU with this one, if it exceeds 0.5."""
        best = max(faces, key=lambda face: face.detection.box.iou(self.box), default=None)
        return best if best and best.detection.box.iou(self.box) > 0.5 else None


@dataclass(frozen=True)
class DemoFrame:
    """One frame of the demo bag; ``stamp`` seconds."""

    stamp: float
    jpeg: bytes
    faces: tuple[TrueFace, ...]

    @property
    def image(self) -> NDArray[np.uint8]:
        """The image, u8 [H, W, 3] BGR."""
        image = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        return np.asarray(image, dtype=np.uint8)


def large_jpeg(
    image: NDArray[np.uint8],
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = lambda picture: picture,
) -> bytes:
    """Return a JPEG of 4096x2160 pixels with ``image``, 640x480, enlarged, in its middle.

    ``change`` is applied to the picture before it is encoded.
    """
    picture = np.full((2160, 4096, 3), 110, np.uint8)
    picture[:, 608:-608] = cv2.resize(image, (2880, 2160), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode('.jpg', change(picture), [cv2.IMWRITE_JPEG_QUALITY, 90])[1])
