# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Crop geometry of a classifier, by running a detector over its training pictures.

Each picture is put into a larger scene, the detector looks for the face, and the
median place of the picture relative to the found box is the crop. A training picture
shows little besides the face, and a detector may place its box differently there than
in a scene with the whole head. Therefore faces of scenes are cut out in the same way
until the detector's boxes in these cuts lie as they do in the training pictures.
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

SCENE = 480  # pixels; the side of the scene
FACE = 200  # pixels; the side of the picture in it
THRESHOLD = 0.5
NEAR = 60  # pixels; smaller faces of scenes have less detail than training pictures
OVERLAP = 0.5  # least IoU of a face's box in a scene's labels and the detector's
ROUNDS = 4  # of cutting faces out of scenes; the last changed no geometry by 0.005
FEWEST = 50


def scene_with(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box]:
    """Return a gray scene with ``picture`` in its middle, and where it lies."""
    large = cv2.resize(picture, (FACE, FACE), interpolation=cv2.INTER_CUBIC)
    margin = (SCENE - FACE) // 2
    # A mirrored, blurred surrounding is the least like a face or an edge.
    scene = cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    scene = cv2.GaussianBlur(scene, (0, 0), 8)
    scene[margin : margin + FACE, margin : margin + FACE] = large
    return scene, Box(margin, margin, FACE, FACE)


def geometry_of(picture: Box, found: Box) -> tuple[float, float, float]:
    """Return (scale, dx, dy) that leads from box ``found`` to ``picture``."""
    size = math.sqrt(found.area)
    (x, y), (found_x, found_y) = picture.centre, found.centre
    return picture.width / size, (x - found_x) / size, (y - found_y) / size


def crop_geometries(
    pictures: Iterable[NDArray[np.uint8]], detector: Detector
) -> NDArray[np.float64]:
    """Return (scale, dx, dy) [M, 3] of the M pictures in which the detector finds a face.

    Raises:
        DatasetError: it finds too few.

    """
    rows = []
    for picture in tqdm(pictures, 'detecting', disable=None, leave=False):
        scene, place = scene_with(picture)
        found = detector(scene, THRESHOLD)
        if found:
            rows.append(geometry_of(place, found[0].box))
    if len(rows) < FEWEST:
        raise DatasetError(f'{detector.name} finds {len(rows)} faces, too few for a calibration')
    return np.array(rows)


def near_faces(scenes: Iterable[Scene], detector: Detector) -> list[tuple[Scene, Box]]:
    """Return the near faces of ``scenes`` and the boxes that the detector sees there."""
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
    """Return the geometry whose crops of scenes lie about a face as the training pictures do.

    Args:
        wanted: where training pictures lie, by the detector's boxes in themselves.
        faces: faces of scenes, with the detector's boxes there.
        size: side of a training picture in pixels.
        detector: the detector to calibrate for.

    Raises:
        DatasetError: the detector finds too few faces in the crops.

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
    """Return the crop for classifiers that were trained on ``faces``.

    Without ``scenes`` the detector is taken to see the same box there as in ``faces``.

    Raises:
        DatasetError: the detector finds too few of the faces.

    """
    places = crop_geometries(faces.images, detector)
    print(f'{detector.name} finds {len(places)} of {len(faces)} faces')
    low, middle, high = np.percentile(places, (10, 50, 90), axis=0)
    for name, *values in zip(('scale', 'dx', 'dy'), low, middle, high):
        print(f'{name}: median {values[1]:.3f}, 80 % from {values[0]:.3f} to {values[2]:.3f}')
    # Left and right are alike, so a sideways shift is chance.
    geometry = CropGeometry(float(middle[0]), 0.0, float(middle[2]))
    near = near_faces(scenes, detector)
    if near:
        geometry = in_scenes(geometry, near, faces.images.shape[1], detector)
        print(f'by {len(near)} faces of scenes: {geometry}')
    return CropGeometry(round(geometry.scale, 3), 0.0, round(geometry.dy, 3))
