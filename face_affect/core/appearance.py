# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What tells people apart for a second or two: the colours of hair, face and collar."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box

COLUMNS, ROWS = 2, 6
# The part of the picture looked at, in widths and heights of the face's box.
BREADTH, ABOVE, BELOW = 0.8, 0.3, 0.7
# Pixels taken for each cell, across and down: enough, and cheaper than all.
SAMPLES = 4
# Weight of a new appearance update
GAIN = 0.3
# The difference where one of two was not seen well enough to tell.
UNKNOWN_DIFFERENCE = 0.5

Appearance = NDArray[np.float32]


def extract_appearance(image: NDArray[np.uint8], box: Box) -> Appearance | None:
    """Return how the person at ``box`` looks, or None where too little is in the picture.

    A vector f32 [12 * channels] of length 1: the mean colours of 2 x 6 cells from the
    hair to the collar, less their common mean. That is too coarse to be a picture of a
    face or to know anybody again by; it is kept in memory as long as the face's id.

    Args:
        image: u8 [H, W, 3] BGR or [H, W] gray.
        box: the face's box in it.

    """
    height, width = image.shape[:2]
    middle, half = box.x + box.width / 2, BREADTH / 2 * box.width
    left, right = max(round(middle - half), 0), min(round(middle + half), width)
    top = max(round(box.y - ABOVE * box.height), 0)
    bottom = min(round(box.y + (1 + BELOW) * box.height), height)
    if right - left < COLUMNS or bottom - top < ROWS:
        return None
    samples = cv2.resize(
        image[top:bottom, left:right],
        (COLUMNS * SAMPLES, ROWS * SAMPLES),
        interpolation=cv2.INTER_LINEAR,
    )
    cells = cv2.resize(samples, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    colours = cells.reshape(-1).astype(np.float32)
    colours -= colours.sum() / colours.size
    return _unit(colours)


def difference(one: Appearance | None, other: Appearance | None) -> float:
    """Return how different two appearances are, 0 (the same) to 2; 0.5 if one is unknown."""
    if one is None or other is None or one.shape != other.shape:
        return UNKNOWN_DIFFERENCE
    return 1 - float(one @ other)


def mixed(old: Appearance | None, new: Appearance) -> Appearance:
    """Return ``old``, drawn towards ``new``, of length 1."""
    if old is None or old.shape != new.shape:
        return new
    both = _unit(old + GAIN * (new - old))
    return new if both is None else both


def _unit(vector: Appearance) -> Appearance | None:
    length = math.sqrt(float(vector @ vector))
    if length == 0:
        return None
    vector /= np.float32(length)
    return vector
