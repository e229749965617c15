# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace
import math
from types import SimpleNamespace
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from hypothesis import given
from hypothesis import strategies as st
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from face_affect.ros.diagnostics import missing_messages, pipeline_status
from face_affect.ros.statistics import Report


def report(
    stamp: float = 10.0,
    received: int = 0,
    processed: int = 0,
    dropped: dict[str, int] | None = None,
    error: str = '',
) -> Report:
    return Report(
        stamp, received, processed, dropped or {}, 2, 0.0125, {'detect': (0.001, 0.002)}, error
    )


RELIABLE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
IMAGE = 'sensor_msgs/msg/Image'


def publisher(qos: QoSProfile, kind: str = IMAGE, name: str = 'camera') -> Any:
    return SimpleNamespace(
        node_name=name, node_namespace='/head', qos_profile=qos, topic_type=kind
    )


@pytest.mark.parametrize(
    'state, now, level, message',
    [
        ('inactive', report(), DiagnosticStatus.OK, 'inactive'),
        (
            'unconfigured',
            report(error='no model'),
            DiagnosticStatus.ERROR,
            'cannot configure: no model',
        ),
        ('active', report(), DiagnosticStatus.WARN, 'no image arrives, says the caller'),
        ('active', report(received=30, processed=30), DiagnosticStatus.OK, 'processing'),
        (
            'active',
            report(received=30, processed=20, dropped={'overrun': 10}),
            DiagnosticStatus.OK,
            'processing',
        ),
        (
            'active',
            report(received=30, processed=20, dropped={'over_rate': 10}),
            DiagnosticStatus.OK,
            'processing',
        ),
        (
            'active',
            report(received=30, processed=29, dropped={'stopped': 1}),
            DiagnosticStatus.OK,
            'processing',
        ),
        (
            'active',
            report(received=30, dropped={'malformed': 30}),
            DiagnosticStatus.WARN,
            'images dropped: malformed',
        ),
        (
            'active',
            report(received=30, dropped={'too_old': 30}),
            DiagnosticStatus.WARN,
            'images dropped: too_old',
        ),
        (
            'active',
            report(received=30, dropped={'failed': 1}, error='broken'),
            DiagnosticStatus.ERROR,
            'processing failed: broken',
        ),
    ],
)
def test_level_and_message(state: str, now: Report, level: bytes, message: str) -> None:
    status = pipeline_status(
        'face_affect', state, '/image', now, report(9.0), None, ', says the caller'
    )
    assert status.level == level
    assert status.message == message


@pytest.mark.parametrize(
    'silence, interval, message',
    [
        (2.4, 2.5, 'processing'),  # a camera at 0.4 Hz
        (4.9, 2.5, 'processing'),
        (5.1, 2.5, 'no image arrives'),
        (1.1, 0.033, 'no image arrives'),
        (math.inf, 2.5, 'no image arrives'),  # no image so far
    ],
)
def test_a_slow_camera_is_not_silent(silence: float, interval: float, message: str) -> None:
    now = replace(report(received=3, processed=3), silence=silence, interval=interval)
    before = report(9.0, received=3, processed=3)
    status = pipeline_status('face_affect', 'active', '/image', now, before, None)
    assert status.message == message


def test_a_dark_image_is_named() -> None:
    now = replace(report(received=30, processed=30), exposure='dark (mean 2 of 255)')
    status = pipeline_status('face_affect', 'active', '/image', now, report(9.0), None)
    assert status.level == DiagnosticStatus.WARN
    assert status.message == 'the image is dark (mean 2 of 255); check exposure and lens cap'
    assert {item.key: item.value for item in status.values}['exposure'] == 'dark (mean 2 of 255)'


def test_values() -> None:
    status = pipeline_status(
        'face_affect',
        'active',
        '/image',
        report(11.0, 60, 40, {'overrun': 20}),
        report(9.0, 0, 0),
        None,
    )
    values = {item.key: item.value for item in status.values}
    assert values['input rate Hz'] == '30.0'
    assert values['output rate Hz'] == '20.0'
    assert values['image age ms'] == '12.5'
    assert values['dropped: overrun'] == '20'
    assert values['detect p95 ms'] == '2.00'
    assert values['faces'] == '2'


@pytest.mark.parametrize(
    'publishers, qos, words',
    [
        ([], BEST_EFFORT, 'on /image: it has no publisher'),
        ([publisher(BEST_EFFORT)], RELIABLE, '/head/camera has an incompatible QoS (ERROR: '),
        ([publisher(BEST_EFFORT)], LATCHED, 'incompatible QoS'),
        ([publisher(BEST_EFFORT)], BEST_EFFORT, '/head/camera publishes nothing'),
        ([publisher(RELIABLE)], BEST_EFFORT, '/head/camera publishes nothing'),
        ([publisher(RELIABLE)], RELIABLE, '/head/camera publishes nothing'),
        (
            [publisher(RELIABLE, 'std_msgs/msg/String')],
            RELIABLE,
            '/head/camera publishes std_msgs/msg/String, expected sensor_msgs/msg/Image',
        ),
        (
            [publisher(RELIABLE, name='_NODE_NAME_UNKNOWN_')],
            RELIABLE,
            'on /image: a node of yet unknown name publishes nothing',
        ),
        (
            [publisher(RELIABLE), publisher(BEST_EFFORT)],
            RELIABLE,
            '; /head/camera publishes nothing',
        ),
    ],
)
def test_the_reason_why_no_image_arrives(
    publishers: list[Any], qos: QoSProfile, words: str
) -> None:
    assert words in missing_messages('/image', IMAGE, qos, publishers)


def test_an_image_that_takes_forever_is_an_error() -> None:
    before = report(9.0, received=5, processed=4)
    now = report(11.0, received=45, processed=4, dropped={'overrun': 40})
    status = pipeline_status('face_affect', 'active', '/image', now, before, None)
    assert status.level == DiagnosticStatus.ERROR
    assert status.message == 'stalled: one image takes more than 2 s'


def test_numeric_values_of_diagnostics_parse_as_numbers() -> None:
    status = pipeline_status(
        'face_affect',
        'active',
        '/image',
        report(11.0, 60, 40, {'overrun': 20}),
        report(9.0, 0, 0),
        None,
    )
    words = {'lifecycle state', 'image topic', 'exposure', 'last error'}
    for item in status.values:
        if item.key not in words:
            float(item.value)


@given(st.text(max_size=1000), st.text(max_size=1000))
def test_texts_from_outside_are_escaped_in_diagnostics(error: str, missing: str) -> None:
    for state, now in (('unconfigured', report(error=error)), ('active', report(error=error))):
        status = pipeline_status('face_affect', state, '/image', now, report(9.0), None, missing)
        for text in (status.message, *(item.value for item in status.values)):
            assert text.isprintable()
            assert len(text) <= 500
