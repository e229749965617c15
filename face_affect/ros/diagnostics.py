"""The node's state as a DiagnosticStatus."""

from __future__ import annotations

from typing import Optional

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.time import Time

from face_affect.core.pipeline import Pipeline
from face_affect.ros.statistics import Report


def _level(state: str, report: Report, previous: Optional[Report]) -> tuple[bytes, str]:
    """Judge what happened since the last report."""
    if state == 'unconfigured' and report.last_error:
        return DiagnosticStatus.ERROR, f'cannot configure: {report.last_error}'
    if state != 'active':
        return DiagnosticStatus.OK, state
    if previous is None:
        return DiagnosticStatus.OK, 'starting'
    fresh = {reason: count - previous.dropped.get(reason, 0)
             for reason, count in report.dropped.items()}
    if fresh.get('failed'):
        return DiagnosticStatus.ERROR, f'processing failed: {report.last_error}'
    if report.received == previous.received:
        return DiagnosticStatus.WARN, 'no image arrives'
    bad = {reason: count for reason, count in fresh.items() if count and reason != 'overrun'}
    if bad:
        return DiagnosticStatus.WARN, f'images dropped: {", ".join(sorted(bad))}'
    return DiagnosticStatus.OK, 'processing'


def diagnostic_array(name: str, state: str, image_topic: str, stamp: Time, report: Report,
                     previous: Optional[Report], pipeline: Optional[Pipeline]) -> DiagnosticArray:
    """Return the status of node ``name``; ``previous`` is the report of a second ago."""
    level, message = _level(state, report, previous)
    values = {'lifecycle state': state, 'image topic': image_topic,
              'frames received': report.received, 'frames processed': report.processed,
              'frames dropped': sum(report.dropped.values()), 'faces': report.faces,
              'last error': report.last_error or 'none'}
    values.update({f'dropped: {reason}': n for reason, n in sorted(report.dropped.items())})
    for stage, (median, high) in report.stages.items():
        values[f'{stage} p50 ms'] = f'{median * 1e3:.2f}'
        values[f'{stage} p95 ms'] = f'{high * 1e3:.2f}'
    for sidecar in pipeline.sidecars if pipeline else ():
        values[f'{sidecar.task} model'] = f'{sidecar.name} {sidecar.sha256[:12]}'
    status = DiagnosticStatus(
        level=level, name=f'{name}: pipeline', message=message, hardware_id='none',
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp.to_msg()
    return array
