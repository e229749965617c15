# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Synthetic scenes of people on paths: ground truth with occlusions, and rendering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tracking.people import Cutout, room
from face_affect.core.faces import Box

WIDTH, HEIGHT = 640, 480
# Minimum visible fraction of a face's box that counts, as in demo/truth.json
SEEN = 0.6
# Downsampling factor of the images for occlusions
COARSE = 4
# Half width in seconds of the smoothing of paths
ROUNDING = 0.15
NOISE = 2.0  # grey levels, standard deviation
PILLAR_COLOUR = (96, 112, 124)

# Second, x and y of the face's centre, width of the face
Knot = tuple[float, float, float, float]


@dataclass(frozen=True)
class TrueFace:
    """The box of a face in pixels, and its visible fraction 0..1."""

    identity: int
    box: Box
    visible: float


@dataclass(frozen=True)
class TrueFrame:
    """The true faces at ``stamp`` seconds."""

    stamp: float
    faces: tuple[TrueFace, ...]


@dataclass(frozen=True)
class Actor:
    """One visit of one person; larger faces are nearer and occlude others."""

    person: int
    path: tuple[Knot, ...]

    def at(self, second: float) -> tuple[float, float, float] | None:
        """Return centre (x, y) and width of the face in pixels; None outside of the visit."""
        times, *values = np.array(self.path).T
        if not times[0] <= second <= times[-1]:
            return None
        x, y, width = (_rounded(second, times, line) for line in values)
        # Vertical motion of the head by steps, also of standing people
        return x, y + 0.02 * width * float(np.sin(10 * second + self.person)), width


@dataclass(frozen=True)
class Scene:
    """A scene in front of the camera of ``seconds`` length.

    ``people``: cut-outs of the actors' persons; ``pillar``: left edge and width in pixels, in
    front of all; ``camera``: path (second, x) of the left image edge.
    """

    actors: tuple[Actor, ...]
    seconds: float
    pillar: tuple[float, float] | None = None
    camera: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    people: tuple[Cutout, ...] = ()

    def frames(self, rate: float) -> list[TrueFrame]:
        """Return the ground truth of all frames at ``rate`` Hz."""
        return [self.frame(i / rate) for i in range(int(self.seconds * rate))]

    def frame(self, second: float) -> TrueFrame:
        """Return the ground truth at ``second``."""
        left = self._left(second)
        owners = np.full((HEIGHT // COARSE, WIDTH // COARSE), -1)
        visits = self._visits(second)
        for rank, (_, cutout, (x, y, width)) in enumerate(visits):
            _paste_mask(owners, cutout, (x - left) / COARSE, y / COARSE, width / COARSE, rank)
        if self.pillar:
            start = max(round((self.pillar[0] - left) / COARSE), 0)
            owners[:, start : max(round((sum(self.pillar) - left) / COARSE), 0)] = len(visits)
        faces = []
        for rank, (identity, cutout, (x, y, width)) in enumerate(visits):
            height = width * cutout.aspect
            box = Box(x - left - width / 2, y - height / 2, width, height)
            faces.append(TrueFace(identity, box, _visible(owners, box, rank)))
        return TrueFrame(second, tuple(faces))

    def image(self, second: float, shrink: int = 1) -> NDArray[np.uint8]:
        """Return the image at ``second``, u8 [HEIGHT, WIDTH, 3] BGR.

        It is rendered at 1 / ``shrink`` of its size and enlarged, which is faster.
        """
        left = self._left(second)
        start = round((WIDTH + left) / shrink)
        image = _wide_room(shrink)[:, start : start + WIDTH // shrink].copy()
        for _, cutout, (x, y, width) in self._visits(second):
            _paste(image, cutout, (x - left) / shrink, y / shrink, width / shrink)
        if self.pillar:
            edges = (
                max(round((edge - left) / shrink), 0)
                for edge in (self.pillar[0], sum(self.pillar))
            )
            image[:, slice(*edges)] = PILLAR_COLOUR
        image += np.roll(_noise(), int(second * 7919), axis=0)[: len(image), : image.shape[1]]
        picture = np.clip(image, 0, 255).astype(np.uint8)
        return np.asarray(
            cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), dtype=np.uint8
        )

    def longest_gap(self) -> float:
        """Return the longest occlusion of a person in seconds."""
        seen: dict[int, list[float]] = {}
        for frame in self.frames(30):
            for face in frame.faces:
                if face.visible >= SEEN:
                    seen.setdefault(face.identity, []).append(frame.stamp)
        return max(
            (float(np.diff(stamps).max()) for stamps in seen.values() if len(stamps) > 1),
            default=0.0,
        )

    def _left(self, second: float) -> float:
        times, values = np.array(self.camera).T
        return _rounded(second, times, values)

    def _visits(self, second: float) -> list[tuple[int, Cutout, tuple[float, float, float]]]:
        """Return identity, cut-out and position of present actors, the farthest first."""
        present = [
            (identity, self.people[actor.person], position)
            for identity, actor in enumerate(self.actors)
            if (position := actor.at(second)) is not None
        ]
        return sorted(present, key=lambda one: one[2][2])


@functools.cache
def _wide_room(shrink: int) -> NDArray[np.float32]:
    """Return the room with its mirror image on both sides, f32."""
    small = cv2.resize(room(), (WIDTH // shrink, HEIGHT // shrink), interpolation=cv2.INTER_AREA)
    return np.hstack([small[:, ::-1], small, small[:, ::-1]]).astype(np.float32)


@functools.cache
def _noise() -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.normal(0, NOISE, (HEIGHT, WIDTH, 1)).astype(np.float32)


def _rounded(second: float, times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the value at ``second`` of a polyline with rounded corners."""
    around = second + np.linspace(-ROUNDING, ROUNDING, 7)
    return float(np.interp(around, times, values).mean())


def _span(start: float, length: float, limit: int) -> tuple[slice, slice, int]:
    """Return the slices of a layer and of the image where they overlap, and the layer's size."""
    first, size = round(start), max(round(length), 1)
    low, high = max(first, 0), min(first + size, limit)
    return slice(low - first, max(high - first, 0)), slice(low, max(high, low)), size


def _spans(
    shape: Sequence[int], cutout: Cutout, x: float, y: float, width: float
) -> tuple[tuple[slice, slice, int], tuple[slice, slice, int]]:
    scale = width / cutout.face[2]
    rows, columns = cutout.layers.shape[:2]
    middle = (cutout.face[0] + cutout.face[2] / 2, cutout.face[1] + cutout.face[3] / 2)
    return (
        _span(y - scale * middle[1], scale * rows, shape[0]),
        _span(x - scale * middle[0], scale * columns, shape[1]),
    )


def _paste(image: NDArray[np.float32], cutout: Cutout, x: float, y: float, width: float) -> None:
    (take_y, put_y, rows), (take_x, put_x, columns) = _spans(image.shape, cutout, x, y, width)
    shrinks = width < cutout.face[2]
    layers = cv2.resize(
        cutout.layers,
        (columns, rows),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )[take_y, take_x]
    image[put_y, put_x] *= 1 - layers[..., 3:]
    image[put_y, put_x] += layers[..., :3]


def _paste_mask(
    owners: NDArray[np.int64], cutout: Cutout, x: float, y: float, width: float, owner: int
) -> None:
    (take_y, put_y, rows), (take_x, put_x, columns) = _spans(owners.shape, cutout, x, y, width)
    mask = cv2.resize(cutout.mask, (columns, rows), interpolation=cv2.INTER_NEAREST)
    owners[put_y, put_x][mask[take_y, take_x] > 0] = owner


def _visible(owners: NDArray[np.int64], box: Box, rank: int) -> float:
    """Return the fraction of ``box`` inside the image and not occluded by a nearer person."""
    left, right = (round(edge / COARSE) for edge in (box.x, box.x + box.width))
    top, bottom = (round(edge / COARSE) for edge in (box.y, box.y + box.height))
    part = owners[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    return float((part <= rank).sum() / max((right - left) * (bottom - top), 1))
