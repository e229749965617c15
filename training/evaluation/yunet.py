# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""YuNet (Wu et al. 2023) with OpenCV: a peer for comparison, and a teacher for labels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.detection import Letterbox
from face_affect.core.faces import Box, Detection


class YuNet:
    """YuNet with the interface Detector."""

    name = 'YuNet, OpenCV'
    input_size = (320, 240)

    def __init__(self, model: Path) -> None:
        """Load the network file.

        Raises:
            FileNotFoundError: the file does not exist.

        """
        if not model.exists():
            raise FileNotFoundError(
                f'{model}: no such file; download YuNet from the OpenCV Zoo (docs/training.md)'
            )
        self._detector = cv2.FaceDetectorYN.create(str(model), '', self.input_size, 0.05, 0.3)
        self._letterbox = Letterbox(*self.input_size)

    def __call__(self, image: NDArray[np.uint8], threshold: float) -> list[Detection]:
        """Return the faces in ``image``; see Detector."""
        view = cv2.cvtColor(self._letterbox(image), cv2.COLOR_RGB2BGR)
        _, rows = self._detector.detect(view)
        found = []
        for row in rows if rows is not None else ():
            points = (row[4:14].reshape(5, 2) - self._letterbox.offset) / self._letterbox.scale
            x, y = (row[:2] - self._letterbox.offset) / self._letterbox.scale
            width, height = row[2:4] / self._letterbox.scale
            if row[14] >= threshold:
                found.append(
                    Detection(
                        Box(float(x), float(y), float(width), float(height)),
                        float(row[14]),
                        tuple((x, y) for x, y in points.tolist()),
                    )
                )
        return sorted(found, key=lambda one: -one.score)
