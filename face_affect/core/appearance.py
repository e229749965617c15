# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Appearance descriptors of tracks: mean colours of hair, face and collar."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box

COLUMNS, ROWS = 2, 6
# Extent of the image region, in widths and heights of the face's box
BREADTH, ABOVE, BELOW = 0.8, 0.3, 0.7
# Pixels sampled per cell and axis; averaging all pixels costs more and gains nothing.
SAMPLES = 4
# Weight of a new descriptor in the running mean
GAIN = 0.3
# Difference assumed where a descriptor is missing
UNKNOWN_DIFFERENCE = 0.5

Appearance = NDArray[np.float32]


def extract_appearance(image: NDArray[np.uint8], box: Box) -> Appearance | None:
    """Return the appearance descriptor of the person at ``box``.

    A unit vector f32 [12 * channels]: the mean colours of 2 x 6 cells from the hair to the
    collar, with their common mean subtracted; None where too little is inside the image or all
    cells are equal. It is too coarse to reconstruct or recognise a face.

    Args:
        image: u8 [H, W, 3] BGR or [H, W] gray.
        box: the face in pixels of ``image``.

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
    """Return the cosine distance of two descriptors, 0 (equal) to 2; 0.5 if one is missing."""
    if one is None or other is None or one.shape != other.shape:
        return UNKNOWN_DIFFERENCE
    return 1 - float(one @ other)


def mixed(old: Appearance | None, new: Appearance) -> Appearance:
    """Return the running mean of descriptors after ``new``, normalised to length 1."""
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
