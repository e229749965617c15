# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Visualisation of tracks: frames with ids, and positions over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tracking.metrics import Tracked
from benchmarks.tracking.runs import Pictures
from benchmarks.tracking.stage import SEEN, TrueFrame, WIDTH

FRAMES = 6  # per strip
TILE = (240, 180)
PANEL = (520, 220)
HEAD = 24  # height in pixels of a panel's title
COLOURS = (
    (60, 160, 30),
    (40, 40, 220),
    (220, 110, 20),
    (170, 40, 170),
    (20, 150, 230),
    (130, 130, 20),
    (90, 60, 140),
    (60, 90, 120),
)

Image = NDArray[np.uint8]


def strip(truth: Sequence[TrueFrame], tracked: Sequence[Tracked], pictures: Pictures) -> Image:
    """Return FRAMES frames of a scene side by side, with boxes and ids."""
    tiles = []
    for i in np.linspace(0, len(truth) - 1, FRAMES + 2)[1:-1].round().astype(int):
        image = pictures.at(truth[i].stamp).copy()
        for name, box in tracked[i]:
            corners = [
                (round(box.x), round(box.y)),
                (round(box.x + box.width), round(box.y + box.height)),
            ]
            cv2.rectangle(image, *corners, _colour(name), 4)
            cv2.putText(
                image,
                f'{name}',
                (corners[0][0], corners[0][1] - 8),
                cv2.FONT_HERSHEY_SIMPLEX,
                1.6,
                _colour(name),
                4,
                cv2.LINE_AA,
            )
        cv2.putText(
            image,
            f'{truth[i].stamp:.1f} s',
            (8, 464),
            cv2.FONT_HERSHEY_SIMPLEX,
            1.2,
            (255, 255, 255),
            2,
            cv2.LINE_AA,
        )
        tiles.append(cv2.resize(image, TILE, interpolation=cv2.INTER_AREA))
    return np.asarray(np.hstack(tiles), dtype=np.uint8)


def timeline(title: str, truth: Sequence[TrueFrame], tracked: Sequence[Tracked]) -> Image:
    """Return a plot of the horizontal position of each face and id over time.

    The ground truth is a grey line, light while the face is occluded; ids are coloured dots.
    """
    width, height = PANEL
    panel = np.full((height + HEAD, width, 3), 255, dtype=np.uint8)
    cv2.rectangle(panel, (0, HEAD), (width - 1, height + HEAD - 1), (200, 200, 200), 1)
    cv2.putText(panel, title, (4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)

    def point(stamp: float, x: float) -> tuple[int, int]:
        return (
            round(6 + (width - 30) * stamp / truth[-1].stamp),
            round(HEAD + min(max(x / WIDTH, 0.0), 1.0) * (height - 8)) + 4,
        )

    for before, frame in pairwise(truth):
        starts = {face.identity: face.box.centre[0] for face in before.faces}
        for face in frame.faces:
            if face.identity in starts:
                grey = (150,) * 3 if face.visible >= SEEN else (225,) * 3
                cv2.line(
                    panel,
                    point(before.stamp, starts[face.identity]),
                    point(frame.stamp, face.box.centre[0]),
                    grey,
                    5,
                )
    named = set[int]()
    for frame, found in zip(truth, tracked):
        for name, box in found:
            position = point(frame.stamp, box.centre[0])
            cv2.circle(panel, position, 2, _colour(name), -1)
            if name not in named:
                cv2.putText(
                    panel,
                    f'{name}',
                    (position[0], position[1] - 7),
                    cv2.FONT_HERSHEY_SIMPLEX,
                    0.5,
                    _colour(name),
                    1,
                    cv2.LINE_AA,
                )
            named.add(name)
    return panel


def sheet(panels: Iterable[Image], columns: int) -> Image:
    """Return a grid of images of equal size with that number of columns."""
    every = list(panels)
    every += [np.full_like(every[0], 255)] * (-len(every) % columns)
    rows = [np.hstack(every[i : i + columns]) for i in range(0, len(every), columns)]
    return np.asarray(np.vstack(rows), dtype=np.uint8)


def _colour(name: int) -> tuple[int, int, int]:
    return COLOURS[(name - 1) % len(COLOURS)]
