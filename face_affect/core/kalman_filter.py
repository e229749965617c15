# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Kalman filter of the position, speed and size of a face."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

from face_affect.core.faces import Box

# Lengths are in face sizes (the root of the box's area), so that one set of constants fits near
# and far faces.
# Measurement noise, standard deviations: of the position, of the logarithm of the size
POSITION_NOISE = 0.035
SIZE_NOISE = 0.05
# Standard deviation of the speed in face sizes per second, and its correlation time in seconds:
# people walk, stop and turn (a face is 16 cm, walking is 1.4 m/s).
SPEED = 3.0
SPEED_MEMORY = 0.7
# Standard deviation of the random walk of the logarithm of the size after one second
GROWTH = 0.2


class KalmanState(NamedTuple):
    """State and covariance at one time.

    ``x``, ``y``: centre in pixels; ``size``: natural logarithm of the size in pixels;
    ``speed_x``, ``speed_y``: pixels per second; variances and ``covariance`` of position (face
    sizes) and speed (face sizes per second), equal for both axes; variance of ``size``.
    """

    x: float
    y: float
    size: float
    speed_x: float
    speed_y: float
    position_variance: float
    covariance: float
    speed_variance: float
    size_variance: float


@dataclass
class KalmanFilter:
    """The motion of one face, estimated from its detected boxes.

    The speed is an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein 1930), as in Singer's
    model of manoeuvring targets (1970): the predicted speed decays to zero, which bounds the
    predicted displacement after a long gap. The axes are independent with equal variances.
    """

    now: KalmanState

    @classmethod
    def at(cls, box: Box) -> KalmanFilter:
        """Return a filter initialised at ``box``, with zero speed of variance SPEED ** 2."""
        return cls(
            KalmanState(
                *box.centre,
                math.log(box.area) / 2,
                0.0,
                0.0,
                POSITION_NOISE**2,
                0.0,
                SPEED**2,
                SIZE_NOISE**2,
            )
        )

    def after(self, seconds: float) -> KalmanState:
        """Return the predicted state ``seconds`` after the last update."""
        now = self.now
        decay = math.exp(-seconds / SPEED_MEMORY)
        # Displacement per initial speed: the integral of the decay
        gain = SPEED_MEMORY * (1 - decay)
        variance = SPEED**2
        return KalmanState(
            now.x + gain * now.speed_x,
            now.y + gain * now.speed_y,
            now.size,
            decay * now.speed_x,
            decay * now.speed_y,
            now.position_variance
            + 2 * gain * now.covariance
            + gain * gain * now.speed_variance
            + 2
            * variance
            * SPEED_MEMORY
            * (seconds - 2 * gain + SPEED_MEMORY * (1 - decay**2) / 2),
            decay * (now.covariance + gain * now.speed_variance)
            + variance * SPEED_MEMORY * (1 - decay) ** 2,
            decay**2 * now.speed_variance + variance * (1 - decay**2),
            now.size_variance + GROWTH**2 * seconds,
        )

    def shift(self, x: float, y: float) -> None:
        """Move the position by (x, y) pixels, with the motion of the camera."""
        self.now = self.now._replace(x=self.now.x + x, y=self.now.y + y)

    def update(self, box: Box, seconds: float) -> None:
        """Update the state by a detection at ``box``, ``seconds`` after the last update."""
        expected = self.after(seconds)
        noisy = expected.position_variance + POSITION_NOISE**2
        gain, speed_gain = expected.position_variance / noisy, expected.covariance / noisy
        size_gain = expected.size_variance / (expected.size_variance + SIZE_NOISE**2)
        x, y = box.centre
        off_x, off_y = x - expected.x, y - expected.y
        self.now = KalmanState(
            expected.x + gain * off_x,
            expected.y + gain * off_y,
            expected.size + size_gain * (math.log(box.area) / 2 - expected.size),
            expected.speed_x + speed_gain * off_x,
            expected.speed_y + speed_gain * off_y,
            (1 - gain) * expected.position_variance,
            (1 - gain) * expected.covariance,
            expected.speed_variance - speed_gain * expected.covariance,
            (1 - size_gain) * expected.size_variance,
        )
