# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""End-to-end accuracy of detector, crop and classifier by face size or roll, in made scenes."""

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
ROLLS = (0, 15, 30, 45, 60)  # degrees
ROLLED_SIZE = 96  # pixels


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
    chain = _Chain(sidecar, detector)
    return [
        {'size': size, **chain.evaluate(faces, backgrounds, size, 0, f'{size} px')}
        for size in sizes
    ]


def by_roll(
    sidecar: Sidecar,
    detector: Sidecar,
    faces: FaceSet,
    backgrounds: Sequence[NDArray[np.uint8]],
    rolls: Sequence[int] = ROLLS,
) -> list[dict[str, Any]]:
    """Return the same as by_face_size for each ``roll`` of faces of ROLLED_SIZE pixels.

    Rolled faces are at the centre of the scene, which is rotated about it alternately to either
    side; upright ones are at random places.
    """
    chain = _Chain(sidecar, detector)
    return [
        {'roll': roll, **chain.evaluate(faces, backgrounds, ROLLED_SIZE, roll, f'{roll} degrees')}
        for roll in rolls
    ]


class _Chain:
    """Detector, crop and classifier, evaluated on faces in scenes."""

    def __init__(self, sidecar: Sidecar, detector: Sidecar) -> None:
        """Load both networks."""
        self._find = load_detector(detector)
        self._classifier = Classifier(sidecar, detector.calibrated_as)
        self._geometry = sidecar.crop_for(detector.calibrated_as)

    def evaluate(
        self,
        faces: FaceSet,
        backgrounds: Sequence[NDArray[np.uint8]],
        size: int,
        roll: int,
        title: str,
    ) -> dict[str, Any]:
        """Return the fraction of faces found, and their accuracy."""
        rng = np.random.default_rng(size)
        side = round(size * self._geometry.scale)
        hits = []
        for row, picture in enumerate(tqdm(faces.images, title, disable=None, leave=False)):
            left, top = int(rng.integers(0, WIDTH - side)), int(rng.integers(0, HEIGHT - side))
            if roll:  # at the centre, so that the rotated face stays inside
                left, top = (WIDTH - side) // 2, (HEIGHT - side) // 2
            place = Box(left, top, side, side)
            image = put_into(backgrounds[row % len(backgrounds)], picture, place)
            turned, face = _rolled(image, face_in(place, self._geometry), roll * (-1) ** row)
            found = [
                one
                for one in self._find(turned, Settings().detection_threshold)
                if one.box.iou(face) >= IOU
            ]
            if found:
                answer = self._classifier(self._classifier.crop(turned, found[0]))
                hits.append(int(answer.argmax()) == faces.labels[row])
        read = (
            share(np.array(hits))
            if hits
            else {'accuracy': None, 'low': None, 'high': None, 'count': 0}
        )
        return {'found': len(hits) / len(faces), **read}


def _rolled(image: NDArray[np.uint8], face: Box, degrees: int) -> tuple[NDArray[np.uint8], Box]:
    """Return ``image`` rotated about its centre, its border mirrored, and the box of ``face``."""
    if not degrees:
        return image, face
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    turned = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    x, y = matrix @ (*face.centre, 1)
    box = Box(x - face.width / 2, y - face.height / 2, face.width, face.height)
    return np.asarray(turned, dtype=np.uint8), box
