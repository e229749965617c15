# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
import math
import threading
from typing import Any

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from face_affect.core.faces import FrameResult
from face_affect.ros.parameters import InputParameters
from face_affect.ros.statistics import Report, Statistics
from face_affect.ros.worker import Worker

NOW = 1000.0


class FakePipeline:
    """A pipeline that counts images, and waits in ``process`` while ``hold`` is clear."""

    needed_side = math.inf

    def __init__(self) -> None:
        self.stamps: list[float] = []
        self.hold = threading.Event()
        self.hold.set()
        self.begun = threading.Event()

    def process(self, image: Any, stamp: float, reduction: int = 1) -> FrameResult:
        self.begun.set()
        assert self.hold.wait(10)
        self.stamps.append(stamp)
        return FrameResult(stamp, image.shape[1], image.shape[0], (), {})

    def reset(self) -> None:
        self.stamps.clear()


class FakeSink:
    """A sink that records a worker's results and drops."""

    def __init__(self) -> None:
        self.published: list[FrameResult] = []
        self.dropped: list[tuple[str, str]] = []

    def now(self) -> int:
        return round(NOW * 1e9)

    def publish(self, result: FrameResult, header: Header, elapsed: float) -> None:
        self.published.append(result)

    def show(self, image: Any, result: FrameResult, header: Header) -> bool:
        return False

    def note_drop(self, reason: str, error: str) -> None:
        self.dropped.append((reason, error))


def image(age: float) -> bytes:
    message = Image(width=4, height=4, encoding='mono8', step=4)
    message.data = np.zeros(16, np.uint8).tobytes()
    stamp = NOW - age
    message.header.stamp.sec = int(stamp)
    message.header.stamp.nanosec = round((stamp - int(stamp)) * 1e9)
    return serialize_message(message)


def run(
    limits: InputParameters, put: Callable[[Worker, FakePipeline], None]
) -> tuple[Report, list[float]]:
    """Run ``put`` on a worker; return its counts and the processed stamps."""
    statistics, pipeline = Statistics(), FakePipeline()
    worker = Worker(
        pipeline,
        statistics,
        Image,
        FakeSink(),
        limits,
    )
    put(worker, pipeline)
    worker.stop()
    report = statistics.report()
    assert report.received == report.processed + sum(report.dropped.values())
    return report, pipeline.stamps


@pytest.mark.parametrize(
    'max_age, age, dropped',
    [(0.0, 100.0, {}), (0.5, 0.4, {}), (0.5, 0.6, {'too_old': 1}), (0.5, -5.0, {})],
)
def test_old_images_are_dropped(max_age: float, age: float, dropped: dict[str, int]) -> None:
    def put(worker: Worker, pipeline: FakePipeline) -> None:
        worker.put(image(age))
        if not dropped:
            assert pipeline.begun.wait(10)

    report, stamps = run(InputParameters(max_age=max_age), put)
    # The worker may be stopped before it has taken the image.
    assert {**report.dropped, 'stopped': 0} == {**dropped, 'stopped': 0} or report.dropped == {
        'stopped': 1
    }
    if not dropped:
        assert stamps == pytest.approx([NOW - age])
        assert report.age == pytest.approx(age, abs=1e-6)


def test_images_over_the_rate_are_dropped() -> None:
    def put(worker: Worker, pipeline: FakePipeline) -> None:
        worker.put(image(0))
        assert pipeline.begun.wait(10)
        for _ in range(9):
            worker.put(image(0))

    report, _ = run(InputParameters(max_rate=0.01), put)
    assert report.dropped == {'over_rate': 9}
    assert report.processed == 1


def test_the_newest_image_is_next() -> None:
    def put(worker: Worker, pipeline: FakePipeline) -> None:
        pipeline.hold.clear()
        worker.put(image(10))
        assert pipeline.begun.wait(10)
        pipeline.begun.clear()
        for age in range(9, 0, -1):
            worker.put(image(age))
        pipeline.hold.set()
        assert pipeline.begun.wait(10)

    report, stamps = run(InputParameters(), put)
    assert stamps == [NOW - 10, NOW - 1]
    assert report.dropped == {'overrun': 8}


def test_limits_change_at_once() -> None:
    def put(worker: Worker, pipeline: FakePipeline) -> None:
        worker.limits = InputParameters(max_age=0.5)
        worker.put(image(10))
        worker.limits = InputParameters(max_rate=0.01)

    report, stamps = run(InputParameters(), put)
    assert report.received == 1
    assert len(stamps) + sum(report.dropped.values()) == 1


def test_a_worker_that_hangs_is_given_up() -> None:
    statistics, pipeline, sink = Statistics(), FakePipeline(), FakeSink()
    worker = Worker(pipeline, statistics, Image, sink, InputParameters())
    pipeline.hold.clear()
    worker.put(image(0))
    assert pipeline.begun.wait(10)
    worker.put(image(0))
    worker.stop(timeout=0.01)
    assert worker.running
    report = statistics.report()
    assert report.dropped == {'stopped': 1, 'given_up': 1}
    assert (report.received, report.processed, report.under_way) == (2, 0, 0)
    assert sink.dropped == [('given_up', 'one image takes more than 0.01 s: no result')]
    # The worker ends later: it publishes and counts nothing.
    pipeline.hold.set()
    while worker.running:
        assert pipeline.begun.wait(10)
    assert statistics.report().dropped == report.dropped
    assert statistics.report().processed == 0
    assert not sink.published
