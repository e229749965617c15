# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import pytest

from face_affect.ros.throttled_log import PERIOD, ThrottledLog


class FakeLogger:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def warning(self, text: str) -> None:
        self.lines.append(('warning', text))

    def error(self, text: str) -> None:
        self.lines.append(('error', text))


class Clock:
    time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logger() -> FakeLogger:
    return FakeLogger()


@pytest.fixture
def log(logger: Any, clock: Clock) -> ThrottledLog:
    return ThrottledLog(logger, clock)


def test_one_line_of_a_kind_in_a_period(
    log: ThrottledLog, logger: FakeLogger, clock: Clock
) -> None:
    for number in range(480):
        log.warning('goal', f'goal {number} rejected')
    clock.time += PERIOD
    log.warning('goal', 'goal 480 rejected')
    clock.time += PERIOD
    log.warning('goal', 'goal 481 rejected')
    assert logger.lines == [
        ('warning', 'goal 0 rejected'),
        ('warning', 'goal 480 rejected (and 479 more of this kind)'),
        ('warning', 'goal 481 rejected'),
    ]


def test_kinds_do_not_wait_for_each_other(log: ThrottledLog, logger: FakeLogger) -> None:
    log.warning('goal', 'rejected')
    log.error('image', 'dropped')
    assert logger.lines == [('warning', 'rejected'), ('error', 'dropped')]


def test_lines_are_escaped(log: ThrottledLog, logger: FakeLogger) -> None:
    log.error('label', 'x\n[ERROR] forged \x1b[31mred')
    assert logger.lines == [('error', r'x\n[ERROR] forged \x1b[31mred')]
