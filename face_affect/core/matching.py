# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Which found box is which face: how well they fit, and the best pairs."""

from __future__ import annotations

from collections import defaultdict
import math

from face_affect.core.faces import Box
from face_affect.core.motion import Expected, PLACE_NOISE, SIZE_NOISE

# Boxes grow by this many standard deviations of the expected place before they are compared.
TOLERANCE = 3.0
# No face becomes larger or smaller by more between two sights of it.
MAX_GROWTH = 2.0

# By (row, column), such as track and detection; a pair that does not fit is not in it.
Costs = dict[tuple[int, int], float]


def match_cost(expected: Expected, found: Box, min_iou: float) -> float:
    """Return how badly ``found`` fits: infinite if it is not the same face.

    Otherwise -2 times the logarithm of its likelihood, but for a constant: the less
    sure the place is, the less does a near box count. It fits if the IoU of both boxes,
    as squares and grown by TOLERANCE standard deviations of the place, is at least
    ``min_iou`` (Yang et al. 2023, WACV, grow boxes by a fixed part).
    """
    x, y = found.centre
    off_x, off_y = abs(x - expected.x), abs(y - expected.y)
    size = math.log(found.area) / 2
    growth = size - expected.size
    variance = expected.place_variance + PLACE_NOISE ** 2
    scale = 1 + 2 * TOLERANCE * math.sqrt(variance)
    one, other = scale * math.exp(expected.size), scale * math.exp(size)
    smaller, reach = min(one, other), (one + other) / 2
    shared = max(min(smaller, reach - off_x), 0.0) * max(min(smaller, reach - off_y), 0.0)
    if (shared <= 0 or shared < min_iou * (one * one + other * other - shared)
            or not similar_sizes(expected, found)):
        return math.inf
    distance = math.hypot(off_x, off_y) * scale / max(one, other)
    size_variance = expected.size_variance + SIZE_NOISE ** 2
    return (distance * distance / variance + growth * growth / size_variance
            + 2 * math.log(variance) + math.log(size_variance))


def similar_sizes(expected: Expected, found: Box) -> bool:
    """Tell whether a face may have grown or shrunk to ``found``."""
    return abs(math.log(found.area) / 2 - expected.size) <= math.log(MAX_GROWTH)


def best_pairs(costs: Costs) -> list[tuple[int, int]]:
    """Return the pairs of least cost, the best first: each row and column once at most."""
    pairs: list[tuple[int, int]] = []
    rows, columns = set[int](), set[int]()
    for row, column in sorted(costs, key=costs.__getitem__):
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def contested_pairs(costs: Costs, margin: float) -> list[tuple[int, int]]:
    """Return the pairs whose cost differs by less than ``margin`` from another of its line."""
    rows, columns = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
    for (row, column), cost in costs.items():
        rows[row].append(cost)
        columns[column].append(cost)
    return [(row, column) for (row, column), cost in costs.items()
            if any(sum(abs(cost - other) < margin for other in line) > 1
                   for line in (rows[row], columns[column]))]
