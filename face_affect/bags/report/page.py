# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Render results as a self-contained HTML page, from templates/report.html.j2."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
import numpy as np

from face_affect.bags.analysis.keyframes import keyframes, picture_topic
from face_affect.bags.analysis.result_reader import read_results, Results
from face_affect.bags.analysis.timeline import away_after, face_timelines, FaceTimeline
from face_affect.bags.batch.processing import open_recorded
from face_affect.bags.recordings.bag_reader import IMAGE_TYPES, Recording, RecordingError
from face_affect.bags.report import plots
from face_affect.bags.report.rendering import render
from face_affect.core.stamps import to_nanoseconds
from face_affect.core.tasks import TASKS

# Faces with plots, those with the most detections
MAX_PEOPLE = 12
DIAGNOSTICS_TYPE = 'diagnostic_msgs/msg/DiagnosticArray'
LEVELS = ('OK', 'WARN', 'ERROR', 'STALE')
TEMPLATE = 'report.html.j2'


@dataclass(frozen=True)
class CaptionedImage:
    """A JPEG in Base64, and a caption with its time and the ids in it."""

    caption: str
    base64: str


@dataclass(frozen=True)
class TimeDistribution:
    """The distribution of a duration: percentiles 50, 95 and 100 (milliseconds), histogram."""

    title: str
    median: float
    high: float
    worst: float
    plot: Markup


@dataclass(frozen=True)
class Status:
    """A diagnostic status of a node; ``stamp``: nanoseconds; ``level``: of ``LEVELS``."""

    stamp: int
    level: str
    message: str
    values: dict[str, str]


def make_report(
    bag: Path,
    source: str | None = None,
    topic: str | None = None,
    images: bool = True,
    blur: bool = False,
) -> str:
    """Return the report on the results in ``bag`` as HTML.

    Args:
        bag: an output of face-affect bag, or a bag recorded on a robot.
        source: the recording with images and diagnostics; None: ``bag``.
        topic: the topic of the results; None: the only one.
        images: show key frames.
        blur: make faces unrecognisable in them.

    Raises:
        RecordingError: a bag is broken, or has no results.
        MediaError: the video ``source`` does not open.

    """
    results = read_results(bag, topic)
    if not results.results:
        raise RecordingError(
            f'cannot report on bag {bag}: topic {results.topic} has no messages; expected at '
            'least one result'
        )
    recording = open_recorded(source or str(bag))
    return render(
        TEMPLATE,
        library=plots.library(),
        topic=results.topic,
        pictures=list(_pictures(results, recording, blur)) if images else None,
        latencies=list(_latencies(results)),
        **_run(results),
        **_people(results),
        **_diagnostics(recording, next(iter(results.results))),
        image_topics=[
            (each.name, each.count, max(each.count - len(results.results), 0))
            for each in recording.topics
            if each.type in IMAGE_TYPES and each.count
        ],
    )


def _run(results: Results) -> dict[str, Any]:
    """Return the run of face-affect bag as its metadata say; ``run`` is None for other bags."""
    known = results.information
    run = None
    if known:
        run = {
            **known,
            'results': known['frames'] - sum(known['dropped'].values()),
            'models': [
                (task, model['name'], model['sha256']) for task, model in known['models'].items()
            ],
        }
    name = known['input']['name'] if known else results.path.name
    return {'run': run, 'name': name, 'missing': _missing(known)}


def _missing(information: Mapping[str, Any]) -> str:
    """Return why the results are incomplete; '' if they are complete or it is unknown."""
    if not information.get('complete', True):
        return str(information.get('error') or 'processing was interrupted')
    frames, announced = information.get('frames', 0), information.get('announced', 0)
    return f'it announces {announced} images, but has {frames}' if frames < announced else ''


def _people(results: Results) -> dict[str, Any]:
    """Return the presence of faces over time, with plots of the ``MAX_PEOPLE`` longest."""
    persons = face_timelines(results)
    shown = _longest(persons)
    stamps = list(results.results)
    gap, end = away_after(results), (stamps[-1] - stamps[0]) * 1e-9
    faces = [face for person in shown for face in person.faces]
    return {
        'figures': [
            ('people (ids)', len(persons)),
            ('seconds', f'{end:.1f}'),
            ('images with a result', len(stamps)),
            ('of these with faces', sum(bool(e.frame.faces) for e in results.results.values())),
        ],
        'timeline': plots.timeline(shown, gap, end) if shown else None,
        'columns': ('id', 'from', 'to', 'images', *(task.name for task in TASKS)),
        'people': [
            (
                f'#{person.id}',
                f'{person.times[0]:.1f} s',
                f'{person.times[-1]:.1f} s',
                len(person.times),
                *(person.label(task.name) for task in TASKS),
            )
            for person in shown
        ],
        'left_out': len(persons) - len(shown),
        'emotions': [
            (person.id, plots.emotions(person, gap, end))
            for person in shown
            if any(face.emotion for face in faces)
        ],
        'gender': plots.gender(shown, gap, end) if any(f.gender for f in faces) else None,
    }


def _longest(persons: Sequence[FaceTimeline]) -> list[FaceTimeline]:
    longest = sorted(persons, key=lambda person: -len(person.times))[:MAX_PEOPLE]
    return sorted(longest, key=lambda person: person.id)


def _pictures(results: Results, recording: Recording, blur: bool) -> Iterator[CaptionedImage]:
    topic = picture_topic(recording)
    for frame in keyframes(results, recording, topic, blur) if topic else ():
        ids = ', '.join(f'#{number}' for number in frame.ids) or 'no face'
        yield CaptionedImage(f'{frame.time:.1f} s: {ids}', base64.b64encode(frame.jpeg).decode())


def _latencies(results: Results) -> Iterator[TimeDistribution]:
    """Yield the distributions of a node's durations; none for results computed offline."""
    processing = [
        result.frame.timings['total'] * 1e3
        for result in results.results.values()
        if result.frame.timings['total']
    ]
    if not processing:
        return
    latency = [(result.recorded - stamp) * 1e-6 for stamp, result in results.results.items()]
    for title, name, values in (
        ('Processing time in the node', 'processing', processing),
        ("From the image's stamp to the recording of its result", 'latency', latency),
    ):
        median, high, worst = np.percentile(values, (50, 95, 100))
        yield TimeDistribution(title, median, high, worst, plots.histogram(values, name))


def _diagnostics(recording: Recording, first: int) -> dict[str, Any]:
    """Return a node's statuses, and their changes in seconds since ``first``, nanoseconds."""
    found = list(_statuses(recording))
    changes = [
        (f'{(status.stamp - first) * 1e-9:.1f} s', status.level, status.message)
        for before, status in zip([None, *found], found)
        if before is None or (before.level, before.message) != (status.level, status.message)
    ]
    return {'statuses': found, 'status_changes': changes}


def _statuses(recording: Recording) -> Iterator[Status]:
    names = [topic.name for topic in recording.topics if topic.type == DIAGNOSTICS_TYPE]
    for message in recording.messages(names) if names else ():
        array = recording.parse(message)
        for status in array.status:
            if status.name.endswith(': pipeline'):
                level = LEVELS[min(int(status.level), len(LEVELS) - 1)]
                values = {item.key: item.value for item in status.values}
                yield Status(to_nanoseconds(array.header.stamp), level, status.message, values)
