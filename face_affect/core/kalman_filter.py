# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Where a face goes: a Kalman filter of its place and size."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

from face_affect.core.faces import Box

# Lengths are in sizes of the face (the root of its box's area), so that near and far are alike.
# What a detector's boxes tremble by, standard deviations: of the place, of the size's logarithm.
PLACE_NOISE = 0.05
SIZE_NOISE = 0.08
# People walk, stop and turn: their speed has this standard deviation, in sizes a second (a face
# is 16 cm, walking is 1.4 m/s), and forgets itself with this time constant, in seconds.
SPEED = 4.0
SPEED_MEMORY = 0.7
# The logarithm of the size wanders by this in one second, standard deviation.
GROWTH = 0.2


class KalmanState(NamedTuple):
    """What is known about a face at some time.

    ``x``, ``y``: its centre in pixels; ``size``: natural logarithm of its size in
    pixels; the variances and the covariance of place (sizes) and speed (sizes a
    second); the variance of ``size``.
    """

    x: float
    y: float
    size: float
    speed_x: float
    speed_y: float
    place_variance: float
    covariance: float
    speed_variance: float
    size_variance: float


@dataclass
class KalmanFilter:
    """The movement of one face, by the boxes in which it was found.

    The speed is an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein 1930), as in
    Singer's model of manoeuvring targets (1970): a face goes on as it went for a while,
    and how far it may have come in a long gap stays bounded. Across and down are
    independent and have the same variances.
    """

    now: KalmanState

    @classmethod
    def at(cls, box: Box) -> KalmanFilter:
        """Start at ``box``, with a speed not known yet."""
        return cls(
            KalmanState(
                *box.centre,
                math.log(box.area) / 2,
                0.0,
                0.0,
                PLACE_NOISE**2,
                0.0,
                SPEED**2,
                SIZE_NOISE**2,
            )
        )

    def after(self, seconds: float) -> KalmanState:
        """Return what to expect ``seconds`` later than the last update."""
        now = self.now
        kept = math.exp(-seconds / SPEED_MEMORY)
        way = SPEED_MEMORY * (1 - kept)
        spread = SPEED**2
        return KalmanState(
            now.x + way * now.speed_x,
            now.y + way * now.speed_y,
            now.size,
            kept * now.speed_x,
            kept * now.speed_y,
            now.place_variance
            + 2 * way * now.covariance
            + way * way * now.speed_variance
            + 2 * spread * SPEED_MEMORY * (seconds - 2 * way + SPEED_MEMORY * (1 - kept**2) / 2),
            kept * (now.covariance + way * now.speed_variance)
            + spread * SPEED_MEMORY * (1 - kept) ** 2,
            kept**2 * now.speed_variance + spread * (1 - kept**2),
            now.size_variance + GROWTH**2 * seconds,
        )

    def update(self, box: Box, seconds: float) -> None:
        """Take in that the face is at ``box``, ``seconds`` after the last update."""
        expected = self.after(seconds)
        noisy = expected.place_variance + PLACE_NOISE**2
        gain, speed_gain = expected.place_variance / noisy, expected.covariance / noisy
        size_gain = expected.size_variance / (expected.size_variance + SIZE_NOISE**2)
        x, y = box.centre
        off_x, off_y = x - expected.x, y - expected.y
        self.now = KalmanState(
            expected.x + gain * off_x,
            expected.y + gain * off_y,
            expected.size + size_gain * (math.log(box.area) / 2 - expected.size),
            expected.speed_x + speed_gain * off_x,
            expected.speed_y + speed_gain * off_y,
            (1 - gain) * expected.place_variance,
            (1 - gain) * expected.covariance,
            expected.speed_variance - speed_gain * expected.covariance,
            (1 - size_gain) * expected.size_variance,
        )
