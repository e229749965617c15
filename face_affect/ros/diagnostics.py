# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Publish the status of node, camera, bridge and live view on /diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility, QoSProfile
from rclpy.topic_endpoint_info import TopicEndpointInfo

from face_affect.core.pipeline import Pipeline
from face_affect.core.text import printable
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.statistics import Report

DIAGNOSTICS_PERIOD = 1.0  # seconds
# Drops without a fault: superseded by a newer image, above the maximum rate, or at the end
INTENDED = ('overrun', 'over_rate', 'stopped')


def _level(state: str, report: Report, previous: Report | None, missing: str) -> tuple[bytes, str]:
    """Return level and message of the status, by the changes since the previous report."""
    if state == 'unconfigured' and report.last_error:
        return DiagnosticStatus.ERROR, f'cannot configure: {report.last_error}'
    before = previous.dropped if previous else {}
    fresh = {reason: count - before.get(reason, 0) for reason, count in report.dropped.items()}
    if previous and fresh.get('given_up'):
        return DiagnosticStatus.ERROR, f'{state}; a worker was given up: {report.last_error}'
    if previous and report.faults > previous.faults:
        return DiagnosticStatus.WARN, f'{state}; a callback failed: {report.last_error}'
    if state != 'active':
        return DiagnosticStatus.OK, state
    if previous is None:
        return DiagnosticStatus.OK, 'starting'
    if fresh.get('failed'):
        return DiagnosticStatus.ERROR, f'processing failed: {report.last_error}'
    bad = sorted(reason for reason, count in fresh.items() if count and reason not in INTENDED)
    finished = report.processed > previous.processed or bad
    if report.under_way and previous.under_way and not finished:
        elapsed = report.stamp - previous.stamp
        return DiagnosticStatus.ERROR, f'stalled: one image takes more than {elapsed:.0f} s'
    # Two intervals: a camera slower than the diagnostics is not silent.
    if report.received == previous.received and report.silence > 2 * report.interval:
        return DiagnosticStatus.WARN, f'no image arrives{missing}'
    if bad:
        return DiagnosticStatus.WARN, f'images dropped: {", ".join(bad)}'
    if report.exposure:
        return (
            DiagnosticStatus.WARN,
            f'the image is {report.exposure}; check exposure and lens cap',
        )
    return DiagnosticStatus.OK, 'processing'


def missing_messages(
    topic: str, kind: str, qos: QoSProfile, publishers: Sequence[TopicEndpointInfo]
) -> str:
    """Return why no message arrives on ``topic``, as the end of a sentence.

    Args:
        topic: the resolved name.
        kind: the type of the subscription, such as sensor_msgs/msg/Image.
        qos: of the subscription.
        publishers: the topic's publishers.

    """
    if not publishers:
        return f' on {topic}: it has no publisher'
    return f' on {topic}: ' + '; '.join(
        sorted(f'{_name(one)} {_fault(one, kind, qos)}' for one in publishers)
    )


def _name(publisher: TopicEndpointInfo) -> str:
    # rmw's name of a node that was discovered later than its publisher
    if 'UNKNOWN' in publisher.node_name:
        return 'a node of yet unknown name'
    return f'{publisher.node_namespace.rstrip("/")}/{publisher.node_name}'


def _fault(publisher: TopicEndpointInfo, kind: str, qos: QoSProfile) -> str:
    if publisher.topic_type != kind:
        return f'publishes {publisher.topic_type}, expected {kind}'
    compatible, reason = qos_check_compatible(publisher.qos_profile, qos)
    if compatible == QoSCompatibility.ERROR:
        return f'has an incompatible QoS ({reason.strip("; ")})'
    return 'publishes nothing'


def _rates(report: Report, previous: Report | None) -> dict[str, str]:
    if previous is None or report.stamp <= previous.stamp:
        return {}
    elapsed = report.stamp - previous.stamp
    return {
        'input rate Hz': f'{(report.received - previous.received) / elapsed:.1f}',
        'output rate Hz': f'{(report.processed - previous.processed) / elapsed:.1f}',
    }


def pipeline_status(
    name: str,
    state: str,
    image_topic: str,
    report: Report,
    previous: Report | None,
    pipeline: Pipeline | None,
    missing: str = '',
    problems: Mapping[str, int] | None = None,
) -> DiagnosticStatus:
    """Return the status of the pipeline of node ``name``.

    Args:
        name: fully qualified name of the node, without the leading slash.
        state: lifecycle state, or 'paused'.
        image_topic: resolved name of the image topic.
        report: the current statistics.
        previous: the statistics of the previous status, a second ago; None at the start.
        pipeline: the loaded models, if any.
        missing: why no image arrives, as the end of a sentence.
        problems: number of images whose faces were not located, by reason.

    """
    level, message = _level(state, report, previous, missing)
    values = {
        'lifecycle state': state,
        'image topic': image_topic,
        'frames received': report.received,
        'frames processed': report.processed,
        'frames dropped': sum(report.dropped.values()),
        'faces': report.faces,
        **_rates(report, previous),
        'callback errors': report.faults,
        'image age ms': f'{report.age * 1e3:.1f}',
        'exposure': report.exposure or 'good',
        'last error': report.last_error or 'none',
    }
    values.update({f'dropped: {reason}': n for reason, n in sorted(report.dropped.items())})
    values.update({f'not located: {word}': n for word, n in sorted((problems or {}).items())})
    for stage, (median, high) in report.stages.items():
        values[f'{stage} p50 ms'] = f'{median * 1e3:.2f}'
        values[f'{stage} p95 ms'] = f'{high * 1e3:.2f}'
    for sidecar in pipeline.sidecars if pipeline else ():
        values[f'{sidecar.task} model'] = f'{sidecar.name} {sidecar.sha256[:12]}'
    return _status(f'{name}: pipeline', level, message, values)


class ProgramStatus:
    """The status of a program other than the node, with the exceptions of its callbacks."""

    def __init__(self, node: Node, what: str, faults: Faults) -> None:
        """Name the status 'NODE: WHAT'; ``faults``: the exceptions of the node's callbacks."""
        self._name = f'{node.get_fully_qualified_name().lstrip("/")}: {what}'
        self._faults = faults
        self._known = 0

    def report(self, warning: str, values: Mapping[str, object]) -> DiagnosticStatus:
        """Return the status: WARN if there is a ``warning`` or a new exception, else OK."""
        if self._faults.count > self._known:
            self._known = self._faults.count
            warning = f'a callback failed: {self._faults.last}'
        return _status(
            self._name,
            DiagnosticStatus.WARN if warning else DiagnosticStatus.OK,
            warning or 'running',
            {
                **values,
                'callback errors': self._faults.count,
                'last callback error': self._faults.last or 'none',
            },
        )


def _status(
    name: str, level: bytes, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=level,
        name=name,
        message=printable(message),
        hardware_id='none',
        values=[KeyValue(key=key, value=printable(value)) for key, value in values.items()],
    )


def publish_diagnostics(node: Node, diagnose: Callable[[], DiagnosticStatus]) -> None:
    """Publish the status that ``diagnose`` returns on /diagnostics, once a second."""
    publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def publish() -> None:
        array = DiagnosticArray(status=[diagnose()])
        array.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(array)

    # A steady clock, since simulated time may stand still
    node.create_timer(DIAGNOSTICS_PERIOD, publish, clock=Clock(clock_type=ClockType.STEADY_TIME))
