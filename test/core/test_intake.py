# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Which images reach the pipeline, and with what time."""

from __future__ import annotations

from itertools import pairwise
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from face_affect.core.faces import FrameResult
from face_affect.core.images import ImageError
from face_affect.core.intake import drop_reason, ImageIntake

IMAGE = np.zeros((48, 64), np.uint8)
MS = 1_000_000


class Recorder:
    """Stands for a pipeline: keeps the stamps, in milliseconds, and 'reset'."""

    needed_side = math.inf

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def process(self, image: Any, stamp: float, reduction: int = 1) -> FrameResult:
        self.calls.append(round(stamp * 1e3))
        return FrameResult(stamp, image.shape[1] * reduction, image.shape[0] * reduction)

    def reset(self) -> None:
        self.calls.append('reset')


def take(*images: tuple[int, int]) -> tuple[list[Any], list[str]]:
    """Hand over images (stamp, received), ms; return what the pipeline saw and the drops."""
    pipeline, drops = Recorder(), []
    intake = ImageIntake(pipeline)
    for stamp, received in images:
        try:
            intake.process(IMAGE, stamp * MS, received * MS)
        except ImageError as error:
            drops.append(error.reason)
    return pipeline.calls, drops


@pytest.mark.parametrize(
    'stamps, seen, drops',
    [
        ([100, 133, 166], [100, 133, 166], []),
        ([100, 166, 133, 200], [100, 166, 200], ['late']),
        ([100, 100, 100], [100, 100, 100], []),
        ([2000, 1000, 2033], [2000, 2033], ['late']),
        ([2000, 999, 1033], [2000, 'reset', 999, 1033], []),
        ([100, 90_000, 90_033], [100, 90_000, 90_033], []),
        ([100, 4_000_000, 4_000_033], [100, 'reset', 4_000_000, 4_000_033], []),
    ],
)
def test_late_images_are_dropped_and_a_long_step_is_a_new_start(
    stamps: list[int], seen: list[Any], drops: list[str]
) -> None:
    assert take(*((stamp, 5000 + i) for i, stamp in enumerate(stamps))) == (seen, drops)


def test_without_stamps_time_is_that_of_the_arrival() -> None:
    images = [(0, 1_735_689_600_000 + i * 33) for i in range(3)]
    assert take(*images)[0] == [received for _, received in images]


def test_a_zero_stamp_now_and_then_keeps_the_cameras_clock() -> None:
    wall = 1_735_689_600_000
    images = [(5000, wall), (5033, wall + 30), (0, wall + 70), (5100, wall + 100)]
    assert take(*images) == ([5000, 5033, 5073, 5100], [])


def test_stamps_that_begin_after_zeros_are_one_new_start() -> None:
    wall = 1_735_689_600_000
    images = [(0, wall), (5000, wall + 33), (0, wall + 66), (5066, wall + 99)]
    assert take(*images) == ([wall, 'reset', 5000, 5033, 5066], [])


def test_a_single_image_of_another_size_is_dropped() -> None:
    pipeline = Recorder()
    intake = ImageIntake(pipeline)
    other = np.zeros((24, 32, 3), np.uint8)
    intake.process(IMAGE, 1 * MS, 0)
    with pytest.raises(ImageError, match='changed from 64x48 to 32x24') as caught:
        intake.process(other, 2 * MS, 0)
    assert caught.value.reason == 'size_changed'
    assert intake.process(other, 3 * MS, 0).width == 32
    assert pipeline.calls == [1, 'reset', 3]


def test_the_size_is_that_before_the_reduction() -> None:
    pipeline = Recorder()
    intake = ImageIntake(pipeline)
    intake.process(IMAGE, 1 * MS, 0)
    assert intake.process(IMAGE[::2, ::2], 2 * MS, 0, reduction=2).width == 64
    assert pipeline.calls == [1, 2]
    with pytest.raises(ImageError, match='changed from 64x48 to 128x96'):
        intake.process(IMAGE, 3 * MS, 0, reduction=2)


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 100)), max_size=30),
)
def test_the_pipelines_time_never_steps_back_without_a_reset(images: list[Any]) -> None:
    now, received = 0, []
    for _, passed in images:
        now += passed
        received.append(now)
    seen, drops = take(*((stamp, time) for (stamp, _), time in zip(images, received)))
    assert len([each for each in seen if each != 'reset']) + len(drops) == len(images)
    for before, after in pairwise(seen):
        assert 'reset' in (before, after) or before <= after


def test_drops_have_a_word_and_a_reason() -> None:
    assert drop_reason(ImageError('late', 'too late')) == ('late', 'too late')
    assert drop_reason(KeyError('x')) == ('failed', "KeyError: 'x'")
