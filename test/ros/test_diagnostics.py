from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time

from face_affect.ros.diagnostics import diagnostic_array, missing_images
from face_affect.ros.statistics import Report


def report(stamp: float = 10.0, received: int = 0, processed: int = 0,
           dropped: dict[str, int] | None = None, error: str = '') -> Report:
    return Report(stamp, received, processed, dropped or {}, 2, 0.0125,
                  {'detect': (0.001, 0.002)}, error)


def publisher(reliability: ReliabilityPolicy) -> Any:
    return SimpleNamespace(node_name='camera', node_namespace='/head',
                           qos_profile=QoSProfile(depth=1, reliability=reliability))


@pytest.mark.parametrize('state, now, level, message', [
    ('inactive', report(), DiagnosticStatus.OK, 'inactive'),
    ('unconfigured', report(error='no model'), DiagnosticStatus.ERROR,
     'cannot configure: no model'),
    ('active', report(), DiagnosticStatus.WARN, 'no image arrives, says the caller'),
    ('active', report(received=30, processed=30), DiagnosticStatus.OK, 'processing'),
    ('active', report(received=30, processed=20, dropped={'overrun': 10}), DiagnosticStatus.OK,
     'processing'),
    ('active', report(received=30, processed=20, dropped={'over_rate': 10}), DiagnosticStatus.OK,
     'processing'),
    ('active', report(received=30, dropped={'too_old': 30}), DiagnosticStatus.WARN,
     'images dropped: too_old'),
    ('active', report(received=30, dropped={'failed': 1}, error='broken'), DiagnosticStatus.ERROR,
     'processing failed: broken'),
])
def test_level_and_message(state: str, now: Report, level: bytes, message: str) -> None:
    array = diagnostic_array('face_affect', state, '/image', Time(), now, report(9.0), None,
                             ', says the caller')
    assert array.status[0].level == level
    assert array.status[0].message == message


def test_values() -> None:
    array = diagnostic_array('face_affect', 'active', '/image', Time(),
                             report(11.0, 60, 40, {'overrun': 20}), report(9.0, 0, 0), None)
    values = {item.key: item.value for item in array.status[0].values}
    assert values['input rate Hz'] == '30.0'
    assert values['output rate Hz'] == '20.0'
    assert values['image age ms'] == '12.5'
    assert values['dropped: overrun'] == '20'
    assert values['detect p95 ms'] == '2.00'
    assert values['faces'] == '2'


@pytest.mark.parametrize('publishers, reliable, words', [
    ([], False, 'on /image: it has no publisher'),
    ([publisher(ReliabilityPolicy.BEST_EFFORT)], True, 'incompatible QoS'),
    ([publisher(ReliabilityPolicy.BEST_EFFORT)], False, 'though /head/camera publishes there'),
    ([publisher(ReliabilityPolicy.RELIABLE)], True, 'though /head/camera publishes there'),
])
def test_why_no_image_comes(publishers: list[Any], reliable: bool, words: str) -> None:
    assert words in missing_images('/image', publishers, reliable)
