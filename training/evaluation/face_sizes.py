# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""End-to-end accuracy of detector, crop and classifier by face size, in synthetic scenes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.classification import Classifier
from face_affect.core.detection import load_detector
from face_affect.core.faces import Box
from face_affect.core.models import CropGeometry, Sidecar
from face_affect.core.settings import Settings
from training.data.faces import DatasetError, FaceSet
from training.data.scenes import load_scenes
from training.evaluation.classification_metrics import share
from training.evaluation.detection_metrics import IOU

WIDTH, HEIGHT = 640, 480  # pixels of a scene
# Face sizes in pixels of the scene: the square root of the area of the detector's box
SIZES = (16, 24, 32, 48, 64, 96, 128, 200)


def backgrounds_of(scenes: Path | None) -> list[NDArray[np.uint8]]:
    """Return gray backgrounds u8 [HEIGHT, WIDTH] without a face.

    They are the images without a face in the held-out tenth of ``scenes``; without a file, smooth
    synthetic ones.

    Raises:
        FileNotFoundError: the file does not exist.
        DatasetError: it is not a set of scenes, or all held-out scenes have faces.

    """
    if scenes is None:
        rng = np.random.default_rng(0)
        return [
            np.asarray(
                cv2.resize(
                    rng.integers(30, 220, (5, 7), dtype=np.uint8),
                    (WIDTH, HEIGHT),
                    interpolation=cv2.INTER_CUBIC,
                ),
                dtype=np.uint8,
            )
            for _ in range(20)
        ]
    free = [
        _filling(scene.image)
        for scene in load_scenes(scenes).split(True).scenes
        if not len(scene.boxes)
    ]
    if not free:
        raise DatasetError(f'{scenes} has no image without a face in the held-out tenth')
    return free


def _filling(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``image`` BGR as gray [HEIGHT, WIDTH], resized and cropped to the centre."""
    height, width = image.shape[:2]
    zoom = max(WIDTH / width, HEIGHT / height)
    size = max(WIDTH, round(width * zoom)), max(HEIGHT, round(height * zoom))
    large = cv2.cvtColor(cv2.resize(image, size), cv2.COLOR_BGR2GRAY)
    left, top = (size[0] - WIDTH) // 2, (size[1] - HEIGHT) // 2
    return np.asarray(large[top : top + HEIGHT, left : left + WIDTH], dtype=np.uint8)


def put_into(
    background: NDArray[np.uint8], picture: NDArray[np.uint8], place: Box
) -> NDArray[np.uint8]:
    """Return ``background`` with the face ``picture`` at ``place``, a square inside of it.

    Head and shoulders are drawn in plain gray, since detectors miss small isolated faces, which
    do not occur in camera images.
    """
    image = background.copy()
    side, left, top = int(place.width), int(place.x), int(place.y)
    method = cv2.INTER_AREA if side < picture.shape[0] else cv2.INTER_CUBIC
    large = cv2.resize(picture, (side, side), interpolation=method)
    level = int(np.median(large))
    for (x, y), (across, down), gray in (
        ((0.5, 2.6), (1.3, 1.5), 168 - level // 2),  # shoulders
        ((0.5, 0.4), (0.62, 0.78), max(10, level // 3)),
    ):  # hair
        cv2.ellipse(
            image,
            (round(left + x * side), round(top + y * side)),
            (round(across * side), round(down * side)),
            0,
            0,
            360,
            gray,
            -1,
            cv2.LINE_AA,
        )
    # Blend the corners into the background.
    offsets = (np.arange(side) + 0.5) / side * 2 - 1
    weight = np.clip((1.3 - np.hypot(offsets, offsets[:, None])) / 0.15, 0, 1)
    part = image[top : top + side, left : left + side]
    part[:] = np.round(part + weight * (large.astype(np.float32) - part))
    return image


def face_in(place: Box, geometry: CropGeometry) -> Box:
    """Return the detector's box whose crop by ``geometry`` is ``place``."""
    size = place.width / geometry.scale
    x, y = place.centre
    return Box(x - geometry.dx * size - size / 2, y - geometry.dy * size - size / 2, size, size)


def by_face_size(
    sidecar: Sidecar,
    detector: Sidecar,
    faces: FaceSet,
    backgrounds: Sequence[NDArray[np.uint8]],
    sizes: Sequence[int] = SIZES,
) -> list[dict[str, Any]]:
    """Return the fraction ``found`` and its ``accuracy`` with interval for each face ``size``.

    A face is found if a detection at the node's default threshold has an IoU of at least IOU with
    it. ``accuracy`` is None if none is found.

    Raises:
        ModelError: a network cannot be used, or the classifier is not calibrated for ``detector``.

    """
    find, classifier = load_detector(detector), Classifier(sidecar, detector.calibrated_as)
    geometry = sidecar.crop_for(detector.calibrated_as)
    rows = []
    for size in sizes:
        rng = np.random.default_rng(size)
        side = round(size * geometry.scale)
        hits = []
        title = f'{detector.name}, {size} px'
        for row, picture in enumerate(tqdm(faces.images, title, disable=None, leave=False)):
            place = Box(
                int(rng.integers(0, WIDTH - side)), int(rng.integers(0, HEIGHT - side)), side, side
            )
            image = put_into(backgrounds[row % len(backgrounds)], picture, place)
            face = face_in(place, geometry)
            found = [
                one
                for one in find(image, Settings().detection_threshold)
                if one.box.iou(face) >= IOU
            ]
            if found:
                answer = classifier(classifier.crop(image, found[0].box))
                hits.append(int(answer.argmax()) == faces.labels[row])
        read = (
            share(np.array(hits))
            if hits
            else {'accuracy': None, 'low': None, 'high': None, 'count': 0}
        )
        rows.append({'size': size, 'found': len(hits) / len(faces), **read})
    return rows
