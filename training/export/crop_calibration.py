# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Calibration of a classifier's crop geometry by a detector's boxes on training images.

Each image is placed into a larger scene; the crop geometry is the median position of the image
relative to the detected box. A training image contains little but the face, and the box may
differ from that in a scene with the whole head. Therefore faces are cropped from scenes, and the
geometry is adjusted until the boxes in these crops agree with those in the training images.
"""

from __future__ import annotations

from collections.abc import Iterable
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.crop import crop_face
from face_affect.core.detection import Detector
from face_affect.core.faces import Box
from face_affect.core.models import CropGeometry
from training.data.faces import DatasetError, FaceSet
from training.data.scenes import Scene

SCENE = 480  # side of the scene in pixels
FACE = 200  # side of the image in it, in pixels
THRESHOLD = 0.5  # minimum score of detections
NEAR = 60  # minimum face size in pixels; smaller ones have less detail than training images
OVERLAP = 0.5  # minimum IoU between a labelled and a detected box
ROUNDS = 4  # iterations; the last one changed no geometry by 0.005
FEWEST = 50  # minimum number of detected faces


def scene_with(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box]:
    """Return a gray scene u8 [SCENE, SCENE] with ``picture`` in its centre, and its box."""
    large = cv2.resize(picture, (FACE, FACE), interpolation=cv2.INTER_CUBIC)
    margin = (SCENE - FACE) // 2
    # A blurred, replicated border resembles neither a face nor an edge.
    scene = cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    scene = cv2.GaussianBlur(scene, (0, 0), 8)
    scene[margin : margin + FACE, margin : margin + FACE] = large
    return scene, Box(margin, margin, FACE, FACE)


def geometry_of(picture: Box, found: Box) -> tuple[float, float, float]:
    """Return (scale, dx, dy) of the crop ``picture`` relative to box ``found``."""
    size = math.sqrt(found.area)
    (x, y), (found_x, found_y) = picture.centre, found.centre
    return picture.width / size, (x - found_x) / size, (y - found_y) / size


def crop_geometries(
    pictures: Iterable[NDArray[np.uint8]], detector: Detector
) -> NDArray[np.float64]:
    """Return (scale, dx, dy) f64 [M, 3] of the M images in which a face is detected.

    Raises:
        DatasetError: M is less than FEWEST.

    """
    rows = []
    for picture in tqdm(pictures, 'detecting', disable=None, leave=False):
        scene, box = scene_with(picture)
        found = detector(scene, THRESHOLD)
        if found:
            rows.append(geometry_of(box, found[0].box))
    if len(rows) < FEWEST:
        raise DatasetError(
            f'{detector.name} detects {len(rows)} faces, but a calibration needs {FEWEST}; use '
            'more images'
        )
    return np.array(rows)


def near_faces(scenes: Iterable[Scene], detector: Detector) -> list[tuple[Scene, Box]]:
    """Return the near faces of ``scenes``, each with its scene, as boxes of the detector."""
    faces = []
    for scene in tqdm(scenes, 'near faces', disable=None, leave=False):
        near = [
            Box(*box.tolist())
            for box, ignore in zip(scene.boxes, scene.ignore)
            if not ignore and math.sqrt(box[2] * box[3]) >= NEAR
        ]
        found = detector(scene.image, THRESHOLD) if near else []
        faces += [
            (scene, one.box) for one in found if any(one.box.iou(box) >= OVERLAP for box in near)
        ]
    return faces


def in_scenes(
    wanted: CropGeometry, faces: list[tuple[Scene, Box]], size: int, detector: Detector
) -> CropGeometry:
    """Return the geometry whose crops of scenes frame a face like the training images.

    Args:
        wanted: geometry of training images relative to the boxes detected in them.
        faces: scenes with the boxes detected in them.
        size: side of a training image in pixels.
        detector: the detector to calibrate for.

    Raises:
        DatasetError: fewer than FEWEST faces are detected in the crops.

    """
    geometry = wanted
    for _ in range(ROUNDS):
        cuts = [crop_face(scene.image, box, geometry, size) for scene, box in faces]
        scale, _, dy = np.median(crop_geometries(cuts, detector), axis=0)
        geometry = CropGeometry(
            geometry.scale * wanted.scale / float(scale), 0.0, geometry.dy + wanted.dy - float(dy)
        )
    return geometry


def calibrate(detector: Detector, faces: FaceSet, scenes: Iterable[Scene]) -> CropGeometry:
    """Return the crop geometry of classifiers trained on ``faces``.

    Without ``scenes`` the boxes in scenes are assumed to equal those in ``faces``.

    Raises:
        DatasetError: fewer than FEWEST of the faces are detected.

    """
    geometries = crop_geometries(faces.images, detector)
    print(f'{detector.name} detects {len(geometries)} of {len(faces)} faces')
    low, middle, high = np.percentile(geometries, (10, 50, 90), axis=0)
    for name, *values in zip(('scale', 'dx', 'dy'), low, middle, high):
        print(f'{name}: median {values[1]:.3f}, 80 % from {values[0]:.3f} to {values[2]:.3f}')
    # Faces are symmetric: a horizontal shift would be noise.
    geometry = CropGeometry(float(middle[0]), 0.0, float(middle[2]))
    near = near_faces(scenes, detector)
    if near:
        geometry = in_scenes(geometry, near, faces.images.shape[1], detector)
        print(f'corrected by {len(near)} faces of scenes: {geometry}')
    return CropGeometry(round(geometry.scale, 3), 0.0, round(geometry.dy, 3))
