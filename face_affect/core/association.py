# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Which found box is which face: how well they fit, and the best pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
import math
from typing import NamedTuple

from face_affect.core.faces import Box
from face_affect.core.kalman_filter import KalmanState, PLACE_NOISE, SIZE_NOISE

# Boxes grow by this many standard deviations of the expected place before they are compared.
TOLERANCE = 3.0
# No face becomes larger or smaller by more between two sights of it.
MAX_GROWTH = 2.0

# By (row, column), such as track and detection; a pair that does not fit is not in it.
Costs = dict[tuple[int, int], float]


class Place(NamedTuple):
    """Where a box is: its centre, and its size with its natural logarithm, in pixels."""

    x: float
    y: float
    size: float
    log_size: float

    @classmethod
    def of(cls, box: Box) -> Place:
        """Return the place of ``box``."""
        size = math.sqrt(box.width * box.height)
        return cls(box.x + box.width / 2, box.y + box.height / 2, size, math.log(size))


class Gate:
    """Tells how well places fit to what is expected of one face."""

    def __init__(self, expected: KalmanState, min_iou: float) -> None:
        """Let pass what overlaps with an IoU of at least ``min_iou``.

        That is the IoU of the two boxes as squares, both grown by TOLERANCE standard
        deviations of the expected place (Yang et al. 2023, WACV, grow by a fixed part).
        """
        self.expected = expected
        self._min_iou = min_iou
        self._variance = expected.place_variance + PLACE_NOISE**2
        self._size_variance = expected.size_variance + SIZE_NOISE**2
        self._grown = 1 + 2 * TOLERANCE * math.sqrt(self._variance)
        self._size = math.exp(expected.size)
        self._bias = 2 * math.log(self._variance) + math.log(self._size_variance)

    def cost(self, found: Place) -> float:
        """Return how badly ``found`` fits: infinite if it is not the same face.

        Otherwise -2 times the logarithm of its likelihood up to a constant: the less
        sure the place is, the less does it count that a box is near.
        """
        off_x, off_y = abs(found.x - self.expected.x), abs(found.y - self.expected.y)
        one, other = self._grown * self._size, self._grown * found.size
        reach = (one + other) / 2
        if off_x >= reach or off_y >= reach or not self.similar_size(found):
            return math.inf
        smaller = min(one, other)
        shared = min(smaller, reach - off_x) * min(smaller, reach - off_y)
        if shared < self._min_iou * (one * one + other * other - shared):
            return math.inf
        larger = max(self._size, found.size)
        growth = found.log_size - self.expected.size
        return (
            (off_x * off_x + off_y * off_y) / (larger * larger * self._variance)
            + growth * growth / self._size_variance
            + self._bias
        )

    def similar_size(self, found: Place) -> bool:
        """Return whether the face may have grown or shrunk to that."""
        return self._size <= MAX_GROWTH * found.size and found.size <= MAX_GROWTH * self._size

    def distance(self, found: Place) -> float:
        """Return how far off that is, in sizes of the face."""
        return math.hypot(found.x - self.expected.x, found.y - self.expected.y) / self._size


def best_pairs(costs: Costs) -> list[tuple[int, int]]:
    """Return the pairs of least cost, the best first: each row and column once at most."""
    pairs: list[tuple[int, int]] = []
    rows: set[int] = set()
    columns: set[int] = set()
    for row, column in sorted(costs, key=costs.__getitem__):
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def clear_pairs(costs: Costs, margin: float) -> list[tuple[int, int]]:
    """Return the pairs that cost less by ``margin`` than all others of their row and column."""
    best: list[set[tuple[int, int]]] = []
    for axis in (0, 1):
        lines: dict[int, list[tuple[float, tuple[int, int]]]] = defaultdict(list)
        for pair, cost in costs.items():
            lines[pair[axis]].append((cost, pair))
        best.append(
            {
                pair
                for (cost, pair), *others in map(sorted, lines.values())
                if not others or others[0][0] - cost >= margin
            }
        )
    return sorted(best[0] & best[1])


def without(costs: Costs, pairs: Sequence[tuple[int, int]]) -> Costs:
    """Return the costs of what is in no row and no column of ``pairs``."""
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return {
        (row, column): cost
        for (row, column), cost in costs.items()
        if row not in rows and column not in columns
    }
