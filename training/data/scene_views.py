# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Augmentation of scenes: random crops with faces of all sizes, and photometric changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from face_affect.core.detection import Letterbox
from face_affect.core.detection_head import AnchorPoints
from training.data.detection_targets import assign
from training.data.scenes import Scene, SceneSet

MIRRORED_POINTS = [1, 0, 2, 4, 3]  # right and left are exchanged


@dataclass(frozen=True)
class SceneAugmentation:
    """Ranges and probabilities of random changes of a scene.

    ``smallest`` and ``largest``: range in pixels of the size of the face in a crop, sampled
    uniformly in octaves; ``enlarge``: maximum magnification; ``rotation`` degrees at most;
    ``aspect`` natural logarithm of height over width at most; ``colour`` logarithm of a
    channel's gain at most. The others are probabilities, 0..1: ``plain`` (the scene letterboxed
    as at inference, at most mirrored), ``mosaic``, ``whole`` (the whole image instead of a crop
    around one face), ``gray``, ``dark``, ``blur``, ``noise`` and ``jpeg``.
    """

    smallest: float = 8.0
    largest: float = 230.0
    enlarge: float = 4.0
    rotation: float = 20.0
    aspect: float = 0.3
    plain: float = 0.0
    mosaic: float = 0.25
    whole: float = 0.3
    colour: float = 0.15
    gray: float = 0.2
    dark: float = 0.15
    blur: float = 0.15
    noise: float = 0.15
    jpeg: float = 0.15

    def view(self, scene: Scene, width: int, height: int, rng: np.random.Generator) -> Scene:
        """Return a random crop of ``scene`` of that size in pixels, with its faces transformed."""
        zoom, face = self._zoom(scene, width, height, rng)
        squeeze = math.exp(rng.uniform(-self.aspect, self.aspect) / 2)
        angle = math.radians(rng.uniform(-self.rotation, self.rotation) * (rng.random() < 0.5))
        mirror = rng.random() < 0.5
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        linear = np.diag((zoom / squeeze * (-1 if mirror else 1), zoom * squeeze)) @ turn
        middle = np.array((width, height)) / 2
        if face is None:  # As much of the image as fits
            focus = np.array(scene.image.shape[1::-1]) / 2
            play = np.abs(middle - focus * zoom)
        else:  # Anywhere, truncated by at most half at the border
            focus = face[:2] + face[2:] / 2
            size = face[2:] * (zoom / squeeze, zoom * squeeze)
            play = np.maximum(middle - size * rng.uniform(0.1, 0.5, 2), 0)
        position = middle + rng.uniform(-1, 1, 2) * play
        matrix = np.hstack([linear, (position - linear @ focus)[:, None]])
        image = _warp(scene.image, matrix, zoom, width, height, rng)
        return _moved(scene, matrix, image, zoom, squeeze, mirror)

    def _zoom(
        self, scene: Scene, width: int, height: int, rng: np.random.Generator
    ) -> tuple[float, NDArray[np.float64] | None]:
        """Return the magnification, and the box of the face to keep in the crop, or None."""
        faces = np.flatnonzero(~scene.ignore)
        fitting = min(width / scene.image.shape[1], height / scene.image.shape[0])
        if len(faces) and rng.random() >= self.whole:
            box = scene.boxes[rng.choice(faces)]
            size = math.sqrt(box[2] * box[3])
            largest = max(
                self.smallest * 1.5, min(self.largest * height / 240, size * self.enlarge)
            )
            # Not so small that the whole image would fill little of the crop.
            smallest = min(max(self.smallest, size * fitting / 2), largest)
            wanted = math.exp(rng.uniform(math.log(smallest), math.log(largest)))
            return wanted / size, box.astype(np.float64)
        return fitting * math.exp(rng.uniform(math.log(0.7), math.log(1.6))), None

    def photograph(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return ``image`` u8 [H, W, 3] BGR with the photometric changes of cameras and light."""
        if rng.random() < self.blur:
            image = _blurred(image, rng)
        gains = np.exp(rng.uniform(-self.colour, self.colour, 3) + rng.uniform(-0.3, 0.3))
        offset = rng.uniform(-25, 25)
        gamma = 1.0
        if rng.random() < self.dark:
            gains, gamma = gains * math.exp(rng.uniform(-1.8, -0.5)), rng.uniform(1.0, 1.6)
        levels = np.arange(256) / 255
        tables = [
            np.clip(255 * gain * levels**gamma + offset * (gain > 0.5), 0, 255) for gain in gains
        ]
        image = cv2.LUT(image, np.stack(tables, axis=-1)[None].astype(np.uint8))
        if rng.random() < self.gray:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        if rng.random() < self.noise:
            noise = rng.integers(-127, 128, image.shape, dtype=np.int8)
            image = np.clip(image + noise * (rng.uniform(2, 20) / 73), 0, 255).astype(np.uint8)
        if rng.random() < self.jpeg:
            _, encoded = cv2.imencode(
                '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))]
            )
            image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        return image


def fitted(scene: Scene, width: int, height: int, mirror: bool) -> Scene:
    """Return ``scene`` letterboxed to that size in pixels, as at inference."""
    letterbox = Letterbox(width, height)
    image = letterbox(scene.image)[..., ::-1]
    left, top = letterbox.offset
    matrix = np.array([(letterbox.scale, 0, left), (0, letterbox.scale, top)])
    if mirror:
        image = image[:, ::-1]
        matrix[0] = -letterbox.scale, 0, width - left
    return _moved(scene, matrix, np.ascontiguousarray(image), letterbox.scale, 1.0, mirror)


def _blurred(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return ``image`` with defocus or motion blur."""
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), dtype=np.uint8)
    length = int(rng.integers(2, 6))
    size = (length, 1) if rng.random() < 0.5 else (1, length)
    return np.asarray(cv2.blur(image, size), dtype=np.uint8)


def _warp(
    image: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    zoom: float,
    width: int,
    height: int,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Apply ``matrix``, with anti-aliasing for a ``zoom`` below 0.7."""
    matrix = matrix.copy()
    if zoom < 0.7:
        shrunk = cv2.resize(
            image, None, fx=zoom * 1.3, fy=zoom * 1.3, interpolation=cv2.INTER_AREA
        )
        matrix[:, :2] *= np.array(image.shape[1::-1]) / shrunk.shape[1::-1]
        image = shrunk
    # Coordinates refer to pixel corners, those of warpAffine to pixel centres.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    # Padding: black as in a letterbox, any gray, or the replicated border
    colour = float(rng.integers(0, 256)) if rng.random() < 0.5 else 0.0
    border = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    return np.asarray(
        cv2.warpAffine(
            image,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=border,
            borderValue=(colour,) * 3,
        ),
        dtype=np.uint8,
    )


def _moved(
    scene: Scene,
    matrix: NDArray[np.float64],
    image: NDArray[np.uint8],
    zoom: float,
    squeeze: float,
    mirror: bool,
) -> Scene:
    """Return ``image`` with the faces of ``scene`` transformed by ``matrix`` [2, 3]."""
    centres = scene.boxes[:, :2] + scene.boxes[:, 2:] / 2
    centres = centres @ matrix[:, :2].T + matrix[:, 2]
    sizes = scene.boxes[:, 2:] * np.array((zoom / squeeze, zoom * squeeze))
    boxes = np.hstack([centres - sizes / 2, sizes]).astype(np.float32)
    points = (scene.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    if mirror:
        points = points[:, MIRRORED_POINTS]
    height, width = image.shape[:2]
    shown = (
        np.clip(boxes[:, :2] + boxes[:, 2:], 0, (width, height))
        - np.clip(boxes[:, :2], 0, (width, height))
    ).prod(axis=1) / sizes.prod(axis=1)
    held = shown > 0.05
    # A face of which about half or less is visible is neither face nor background.
    ignore = scene.ignore | (shown < 0.55)
    return Scene(image, boxes[held], points[held], ignore[held], scene.source)


class SceneViews(Dataset[tuple[NDArray[Any], ...]]):
    """Augmented views u8 [H, W, 3] RGB with the detector's training targets, see ``Targets``.

    A view is determined by (seed, epoch, row), independently of the worker process.
    """

    def __init__(
        self,
        scenes: SceneSet,
        augmentation: SceneAugmentation,
        cells: AnchorPoints,
        size: tuple[int, int],
        seed: int,
        epoch: int,
        extra: Sequence[tuple[SceneSet, float]] = (),
    ) -> None:
        """Set up one epoch over ``scenes``; ``size`` is (width, height) in pixels.

        ``extra``: further sets, each with the probability that one of its scenes replaces another.
        """
        self._scenes = scenes.scenes
        self._extra = extra
        self._augmentation = augmentation
        self._cells = cells
        self._size = size
        self._key = (seed, epoch)

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self._scenes)

    def scene(self, row: int) -> Scene:
        """Return a view of scene ``row``, alone or in a mosaic with three others."""
        rng = np.random.default_rng((*self._key, row))
        width, height = self._size
        if self._augmentation.plain and rng.random() < self._augmentation.plain:
            return fitted(self.drawn(row, rng), width, height, mirror=rng.random() < 0.5)
        if rng.random() < self._augmentation.mosaic:
            view = self._mosaic(row, rng)
        else:
            view = self._augmentation.view(self.drawn(row, rng), width, height, rng)
        return replace(view, image=self._augmentation.photograph(view.image, rng))

    def drawn(self, row: int, rng: np.random.Generator) -> Scene:
        """Return scene ``row``, or by their probabilities one of the extra sets."""
        draw = rng.random()
        for scenes, share in self._extra:
            if draw < share:
                return scenes.scenes[int(rng.integers(len(scenes)))]
            draw -= share
        return self._scenes[row]

    def _mosaic(self, row: int, rng: np.random.Generator) -> Scene:
        width, height = self._size
        x, y = int(rng.uniform(0.3, 0.7) * width), int(rng.uniform(0.3, 0.7) * height)
        rows = [row, *rng.integers(0, len(self._scenes), 3)]
        image = np.zeros((height, width, 3), dtype=np.uint8)
        parts = []
        for other, (left, top, right, bottom) in zip(
            rows, ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height))
        ):
            part = self._augmentation.view(
                self.drawn(int(other), rng), right - left, bottom - top, rng
            )
            image[top:bottom, left:right] = part.image
            parts.append(
                (
                    part.boxes + np.array((left, top, 0, 0), dtype=np.float32),
                    part.points + np.array((left, top), dtype=np.float32),
                    part.ignore,
                )
            )
        boxes, points, ignore = (np.concatenate(column) for column in zip(*parts))
        return Scene(image, boxes, points, ignore)

    def __getitem__(self, row: int) -> tuple[NDArray[Any], ...]:
        """Return view ``row`` and its targets: image, heat, counts, code."""
        view = self.scene(row)
        targets = assign(self._cells, view.boxes, view.points, view.ignore)
        image = np.ascontiguousarray(view.image[..., ::-1])
        return image, targets.heat, targets.counts, targets.code
