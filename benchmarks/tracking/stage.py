# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A stage: people who walk along paths, who hides whom, and its picture."""

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
# A face with less of its box in sight need not be found, as in demo/truth.json.
SEEN = 0.6
# Who hides whom is worked out on a picture smaller by this factor.
COARSE = 4
# Seconds to either side over which the corners of a path are rounded.
ROUNDING = 0.15
NOISE = 2.0  # grey levels, standard deviation
PILLAR_COLOUR = (96, 112, 124)

# Second, x and y of the face's centre, width of the face
Knot = tuple[float, float, float, float]


@dataclass(frozen=True)
class TrueFace:
    """Where a face is, and how much of its box is in sight, 0..1."""

    identity: int
    box: Box
    visible: float


@dataclass(frozen=True)
class TrueFrame:
    """All faces at ``stamp`` seconds."""

    stamp: float
    faces: tuple[TrueFace, ...]


@dataclass(frozen=True)
class Actor:
    """One visit of one person; larger faces are nearer and hide others."""

    person: int
    path: tuple[Knot, ...]

    def at(self, second: float) -> tuple[float, float, float] | None:
        """Return the centre and width of the face, or None before and after the visit."""
        times, *values = np.array(self.path).T
        if not times[0] <= second <= times[-1]:
            return None
        x, y, width = (_rounded(second, times, line) for line in values)
        # The head goes up and down as people walk, also on the spot.
        return x, y + 0.02 * width * float(np.sin(10 * second + self.person)), width


@dataclass(frozen=True)
class Scene:
    """What happens in front of the camera in ``seconds``.

    ``people``: what the actors look like; ``pillar``: left side and width, in front
    of all; ``camera``: (second, x) of the picture's left side, by which all but the
    camera shift.
    """

    actors: tuple[Actor, ...]
    seconds: float
    pillar: tuple[float, float] | None = None
    camera: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    people: tuple[Cutout, ...] = ()

    def frames(self, rate: float) -> list[TrueFrame]:
        """Return the truth at ``rate`` Hz."""
        return [self.frame(i / rate) for i in range(int(self.seconds * rate))]

    def frame(self, second: float) -> TrueFrame:
        """Return the truth at ``second``."""
        left = self._left(second)
        owners = np.full((HEIGHT // COARSE, WIDTH // COARSE), -1)
        places = self._places(second)
        for rank, (_, cutout, (x, y, width)) in enumerate(places):
            _paste_mask(owners, cutout, (x - left) / COARSE, y / COARSE, width / COARSE, rank)
        if self.pillar:
            start = max(round((self.pillar[0] - left) / COARSE), 0)
            owners[:, start : max(round((sum(self.pillar) - left) / COARSE), 0)] = len(places)
        faces = []
        for rank, (identity, cutout, (x, y, width)) in enumerate(places):
            height = width * cutout.aspect
            box = Box(x - left - width / 2, y - height / 2, width, height)
            faces.append(TrueFace(identity, box, _visible(owners, box, rank)))
        return TrueFrame(second, tuple(faces))

    def image(self, second: float, shrink: int = 1) -> NDArray[np.uint8]:
        """Return the picture at ``second``, u8 [HEIGHT, WIDTH, 3] BGR.

        It is drawn smaller by ``shrink`` and enlarged again, which saves time.
        """
        left = self._left(second)
        start = round((WIDTH + left) / shrink)
        image = _wide_room(shrink)[:, start : start + WIDTH // shrink].copy()
        for _, cutout, (x, y, width) in self._places(second):
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
        """Return the longest time in seconds for which a person is occluded."""
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

    def _places(self, second: float) -> list[tuple[int, Cutout, tuple[float, float, float]]]:
        """Return identity, picture and place of all who are there, the farthest first."""
        there = [
            (identity, self.people[actor.person], place)
            for identity, actor in enumerate(self.actors)
            if (place := actor.at(second)) is not None
        ]
        return sorted(there, key=lambda one: one[2][2])


@functools.cache
def _wide_room(shrink: int) -> NDArray[np.float32]:
    """Return the room with its mirror image on either side."""
    small = cv2.resize(room(), (WIDTH // shrink, HEIGHT // shrink), interpolation=cv2.INTER_AREA)
    return np.hstack([small[:, ::-1], small, small[:, ::-1]]).astype(np.float32)


@functools.cache
def _noise() -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.normal(0, NOISE, (HEIGHT, WIDTH, 1)).astype(np.float32)


def _rounded(second: float, times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the value at ``second`` of a line with rounded corners."""
    around = second + np.linspace(-ROUNDING, ROUNDING, 7)
    return float(np.interp(around, times, values).mean())


def _span(start: float, length: float, limit: int) -> tuple[slice, slice, int]:
    """Return which part of a layer is in the picture, where, and the layer's whole size."""
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
    """Return the part of ``box`` that is inside the image and not occluded by a nearer person."""
    left, right = (round(edge / COARSE) for edge in (box.x, box.x + box.width))
    top, bottom = (round(edge / COARSE) for edge in (box.y, box.y + box.height))
    part = owners[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    return float((part <= rank).sum() / max((right - left) * (bottom - top), 1))
