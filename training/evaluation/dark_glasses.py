# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Robustness of classifiers against dark glasses, drawn over the eyes of test images.

In the paper, faces with dark glasses were classified as angry and male.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.detection import Detector, load_detector
from face_affect.core.models import Sidecar
from training.data.faces import DatasetError, FaceSet
from training.evaluation.inference import probabilities_of
from training.export.crop_calibration import scene_with, THRESHOLD

LEVEL = 15  # gray level of the glasses
LENS = (0.42, 0.30)  # half width and height of a lens in eye distances
BELOW = 0.06  # offset of a lens's centre below the eye in eye distances
FRACTION = 4  # fractional bits of coordinates


def draw_glasses(
    image: NDArray[np.uint8], right: NDArray[np.float32], left: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return ``image`` u8 [H, W] with dark glasses over the eyes at (x, y) ``right``, ``left``."""
    drawn = image.copy()
    along = left - right
    distance = float(np.linalg.norm(along))
    down = np.array((-along[1], along[0])) * BELOW
    axes = [round(part * distance * 2**FRACTION) for part in LENS]
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    for eye in (right, left):
        cv2.ellipse(
            drawn, _fixed(eye + down), axes, angle, 0, 360, LEVEL, -1, cv2.LINE_AA, FRACTION
        )
    width = max(1, round(0.08 * distance))
    # Bridge and temples
    cv2.line(
        drawn,
        _fixed(right - along * 0.55),
        _fixed(left + along * 0.55),
        LEVEL,
        width,
        cv2.LINE_AA,
        FRACTION,
    )
    return drawn


def _fixed(point: NDArray[Any]) -> list[int]:
    """Return a point in OpenCV's fixed-point coordinates with FRACTION fractional bits."""
    return [round(float(value) * 2**FRACTION) for value in point]


def eyes_of(
    picture: NDArray[np.uint8], detector: Detector, names: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]] | None:
    """Return ``picture`` enlarged, with right and left eye (x, y); None if no face is detected.

    ``names``: the labels of the detector's landmarks.
    """
    scene, region = scene_with(picture)
    found = detector(scene, THRESHOLD)
    if not found:
        return None
    left, top = int(region.x), int(region.y)
    large = scene[top : top + int(region.height), left : left + int(region.width)]
    eyes = [
        found[0].landmarks[names.index(name)] - np.array((left, top), dtype=np.float32)
        for name in ('right eye', 'left eye')
    ]
    return large, eyes[0], eyes[1]


def dark_glasses(sidecar: Sidecar, faces: FaceSet, detector: Sidecar) -> dict[str, Any]:
    """Compare the labels without and with glasses of the faces that ``detector`` detects.

    The result has ``accuracy``, and for each label in ``said`` the fraction of faces with that
    prediction, each ``without`` and ``with`` glasses; serialisable as JSON.

    Raises:
        DatasetError: no face is detected.

    """
    finds, rows, plain, drawn = load_detector(detector), [], [], []
    for row, picture in enumerate(tqdm(faces.images, 'glasses', disable=None, leave=False)):
        if (found := eyes_of(picture, finds, detector.labels)) is not None:
            rows.append(row)
            plain.append(found[0])
            drawn.append(draw_glasses(*found))
    if not rows:
        raise DatasetError(f'{detector.name} detects no face in {len(faces)} images')
    labels = faces.labels[rows]
    answers = {
        'without': probabilities_of(sidecar, np.stack(plain)).argmax(axis=1),
        'with': probabilities_of(sidecar, np.stack(drawn)).argmax(axis=1),
    }
    return {
        'detector': detector.name,
        'count': len(rows),
        'of': len(faces),
        'accuracy': {name: float((said == labels).mean()) for name, said in answers.items()},
        'said': {
            label: {
                'true': float((labels == i).mean()),
                **{name: float((said == i).mean()) for name, said in answers.items()},
            }
            for i, label in enumerate(faces.label_names)
        },
    }
