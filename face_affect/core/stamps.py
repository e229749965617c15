# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conversion of Time and Duration messages: any object with ``sec`` and ``nanosec``."""

from __future__ import annotations

from typing import Any

SECOND = 1_000_000_000  # nanoseconds


def to_nanoseconds(time: Any) -> int:
    """Return a Time or Duration message in nanoseconds."""
    return int(time.sec) * SECOND + int(time.nanosec)


def to_seconds(time: Any) -> float:
    """Return a Time or Duration message in seconds."""
    return float(time.sec + time.nanosec * 1e-9)


def set_nanoseconds(time: Any, nanoseconds: int) -> None:
    """Set a Time or Duration message; ``nanosec`` is 0..999,999,999 also for negative times."""
    time.sec, time.nanosec = divmod(nanoseconds, SECOND)


def set_seconds(time: Any, seconds: float) -> None:
    """Set a Time or Duration message to ``seconds``, rounded to nanoseconds."""
    set_nanoseconds(time, round(seconds * 1e9))
