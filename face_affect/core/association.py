# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Association of detections with tracks: gating, costs, greedy assignment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
import math
from typing import NamedTuple

from face_affect.core.faces import Box
from face_affect.core.kalman_filter import KalmanState, POSITION_NOISE, SIZE_NOISE

# Boxes are enlarged by this many standard deviations of the predicted position.
TOLERANCE = 3.0
# Maximum ratio of a face's sizes in two successive detections
MAX_GROWTH = 2.0

# By (row, column) = (track, detection); gated pairs are absent.
Costs = dict[tuple[int, int], float]


class Measurement(NamedTuple):
    """The measurement of a box: centre, size (root of the area) and its logarithm, pixels."""

    x: float
    y: float
    size: float
    log_size: float

    @classmethod
    def of(cls, box: Box) -> Measurement:
        """Return the measurement of ``box``, whose area must be positive."""
        size = math.sqrt(box.width * box.height)
        return cls(box.x + box.width / 2, box.y + box.height / 2, size, math.log(size))


class Gate:
    """Gates measurements by the predicted state of one track, and gives their cost."""

    def __init__(self, expected: KalmanState, min_iou: float) -> None:
        """Gate by an IoU of at least ``min_iou``, 0..1.

        It is the IoU of the predicted and the detected box as squares, both enlarged by
        TOLERANCE standard deviations of the predicted position (Yang et al. 2023, WACV,
        enlarge by a constant factor).
        """
        self.expected = expected
        self._min_iou = min_iou
        self._variance = expected.position_variance + POSITION_NOISE**2
        self._size_variance = expected.size_variance + SIZE_NOISE**2
        self._grown = 1 + 2 * TOLERANCE * math.sqrt(self._variance)
        self._size = math.exp(expected.size)
        self._bias = 2 * math.log(self._variance) + math.log(self._size_variance)

    def cost(self, found: Measurement) -> float:
        """Return -2 times the log-likelihood of ``found`` up to a constant; infinite if gated.

        The larger the positional variance, the less distance counts.
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

    def similar_size(self, found: Measurement) -> bool:
        """Return whether the sizes differ by a factor of at most MAX_GROWTH."""
        return self._size <= MAX_GROWTH * found.size and found.size <= MAX_GROWTH * self._size

    def distance(self, found: Measurement) -> float:
        """Return the distance from the predicted centre in sizes of the face."""
        return math.hypot(found.x - self.expected.x, found.y - self.expected.y) / self._size


def best_pairs(costs: Costs) -> list[tuple[int, int]]:
    """Return a greedy assignment by ascending cost; each row and column occurs at most once."""
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
    """Return the pairs that are cheaper by ``margin`` than all others of their row and column."""
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
    """Return ``costs`` without the rows and columns of ``pairs``."""
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return {
        (row, column): cost
        for (row, column), cost in costs.items()
        if row not in rows and column not in columns
    }
