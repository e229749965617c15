# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Results as one HTML file that needs nothing else, to look at instead of reading numbers."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from face_affect.bags.analysis.keyframes import Keyframe, keyframes, picture_topic
from face_affect.bags.analysis.result_reader import read_results, Results
from face_affect.bags.analysis.timeline import away_after, face_timelines, FaceTimeline
from face_affect.bags.batch.processing import open_recorded
from face_affect.bags.recordings.bag_reader import IMAGE_TYPES, Recording, RecordingError
from face_affect.bags.report import plots
from face_affect.core.stamps import to_nanoseconds

# Plots of emotions for so many people, those longest there
MAX_PEOPLE = 12
DIAGNOSTICS_TYPE = 'diagnostic_msgs/msg/DiagnosticArray'
LEVELS = ('OK', 'WARN', 'ERROR', 'STALE')

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<!-- Nothing in here may reach another computer. -->
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:;
  script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light; --ink: #1c2733; --dim: #5d6b78; --line: #dde3e8; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 0; }
p, figcaption { color: var(--dim); margin: 0.3rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: 0.8rem; margin: 1rem 0; }
.figures div { border: 1px solid var(--line); border-radius: 8px; padding: 0.4rem 0.9rem; }
.figures b { display: block; font-size: 1.4rem; }
.warning { color: #8a3b12; font-weight: 600; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
  gap: 0.8rem; }
figure { margin: 0; }
img { width: 100%; height: auto; border-radius: 6px; display: block; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
td, th { text-align: left; vertical-align: top; padding: 0.15rem 0.8rem 0.15rem 0;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td:last-child { white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
</style>
<script>$library</script>
</head>
<body>
$body
</body>
</html>
""")


@dataclass(frozen=True)
class Status:
    """What a node said of itself; ``stamp`` nanoseconds."""

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
        bag: results of face-affect bag, or a bag recorded on a robot.
        source: the recording to take pictures and diagnostics from, if ``bag`` has none.
        topic: the results, if the bag has them on several topics.
        images: show pictures.
        blur: make faces unrecognisable in them.

    Raises:
        RecordingError: a bag is broken, or has no results.

    """
    results = read_results(bag, topic)
    if not results.results:
        raise RecordingError(f'bag {bag} has no result on {results.topic}')
    recording = open_recorded(source or str(bag))
    persons = face_timelines(results)
    shown = _longest(persons)
    sections = [_head(results, persons), _timeline(results, persons, shown)]
    if images:
        sections.append(_pictures(results, recording, blur))
    sections += [
        _estimates(results, shown),
        _statistics(results, recording),
        _diagnostics(recording, results),
        _making(results),
    ]
    title = f'{_name(results)}: faces'
    return PAGE.substitute(title=escape(title), library=plots.library(), body='\n'.join(sections))


def _name(results: Results) -> str:
    return str(results.information.get('input', {}).get('name', results.path.name))


def _head(results: Results, persons: Sequence[FaceTimeline]) -> str:
    stamps = list(results.results)
    figures = {
        'people (ids)': len(persons),
        'seconds': f'{_end(results):.1f}',
        'images with a result': len(stamps),
        'of these with faces': sum(bool(each.frame.faces) for each in results.results.values()),
    }
    cells = ''.join(f'<div><b>{value}</b>{escape(name)}</div>' for name, value in figures.items())
    missing = _incomplete(results.information)
    warning = (
        f'<p class="warning">Not the whole recording: {escape(missing)}</p>' if missing else ''
    )
    return (
        f'<h1>{escape(_name(results))}</h1>{warning}<div class="figures">{cells}</div>'
        '<p>Emotion and gender are uncertain estimates from looks at a face: which of seven '
        'posed expressions it resembles, and what annotators would have seen in it. They '
        'are not what a person feels or is.</p>'
    )


def _incomplete(information: Mapping[str, Any]) -> str:
    """Say what is missing of the recording; empty if nothing is, or nobody knows."""
    if not information.get('complete', True):
        return str(information.get('error') or 'processing was interrupted')
    frames, announced = information.get('frames', 0), information.get('announced', 0)
    return f'it announces {announced} images, but has {frames}' if frames < announced else ''


def _end(results: Results) -> float:
    stamps = list(results.results)
    return (stamps[-1] - stamps[0]) * 1e-9


def _longest(persons: Sequence[FaceTimeline]) -> list[FaceTimeline]:
    longest = sorted(persons, key=lambda person: -len(person.times))[:MAX_PEOPLE]
    return sorted(longest, key=lambda person: person.id)


def _timeline(
    results: Results, persons: Sequence[FaceTimeline], shown: Sequence[FaceTimeline]
) -> str:
    head = '<h2>Who was there when</h2>'
    if not persons:
        return f'{head}<p>Nobody was seen.</p>'
    left = len(persons) - len(shown)
    note = (
        f' These are the {len(shown)} people longest there; {left} more are in the bag.'
        if left
        else ''
    )
    return '\n'.join(
        [
            head,
            f'<p>Colours: emotion; the table has what was said most often.{note}</p>',
            plots.timeline(shown, away_after(results), _end(results)),
            _table(
                ('id', 'from', 'to', 'images', 'emotion', 'gender'),
                [
                    (
                        f'#{person.id}',
                        f'{person.times[0]:.1f} s',
                        f'{person.times[-1]:.1f} s',
                        len(person.times),
                        person.label('emotion'),
                        person.label('gender'),
                    )
                    for person in shown
                ],
            ),
        ]
    )


def _estimates(results: Results, shown: Sequence[FaceTimeline]) -> str:
    gap, end = away_after(results), _end(results)
    parts = []
    if any(face.emotion for person in shown for face in person.faces):
        parts.append('<h2>Emotion over time</h2>')
        parts += [f'<h3>#{person.id}</h3>{plots.emotions(person, gap, end)}' for person in shown]
    if any(face.gender for person in shown for face in person.faces):
        parts += ['<h2>Gender: how sure</h2>', plots.gender(shown, gap, end)]
    return '\n'.join(parts)


def _pictures(results: Results, recording: Recording, blur: bool) -> str:
    topic = picture_topic(recording)
    found = list(keyframes(results, recording, topic, blur)) if topic else []
    head = '<h2>Pictures</h2>'
    if not found:
        return f'{head}<p>This bag has no pictures: --source names the recording they are in.</p>'
    return f'{head}<div class="pictures">{"".join(map(_picture, found))}</div>'


def _picture(frame: Keyframe) -> str:
    data = base64.b64encode(frame.jpeg).decode()
    who = ', '.join(f'#{number}' for number in frame.ids) or 'nobody'
    caption = f'{frame.time:.1f} s: {who}'
    return (
        f'<figure><img alt="{caption}" src="data:image/jpeg;base64,{data}">'
        f'<figcaption>{caption}</figcaption></figure>'
    )


def _statistics(results: Results, recording: Recording) -> str:
    processing = [
        result.frame.timings['total'] * 1e3
        for result in results.results.values()
        if result.frame.timings['total']
    ]
    parts = ['<h2>Latency and drops</h2>', _drops(results, recording)]
    if not processing:
        parts.append('<p>Read offline, image by image: there was no latency to measure.</p>')
        return '\n'.join(parts)
    latency = [(result.recorded - stamp) * 1e-6 for stamp, result in results.results.items()]
    for title, name, values in (
        ('Processing time in the node', 'processing', processing),
        ("From the image's stamp to the recording of its result", 'latency', latency),
    ):
        median, high, worst = np.percentile(values, (50, 95, 100))
        parts.append(
            f'<h3>{title}</h3><p>median {median:.1f} ms, 95 % within {high:.1f} ms, '
            f'at most {worst:.1f} ms</p>{plots.histogram(values, name)}'
        )
    return '\n'.join(parts)


def _drops(results: Results, recording: Recording) -> str:
    known = results.information
    if known:
        dropped = known['dropped']
        text = f'{known["frames"]} images, {known["frames"] - sum(dropped.values())} results'
        return f'<p>{text}</p>' + (
            _table(('dropped because', 'images'), dropped.items())
            if dropped
            else '<p>No image was dropped.</p>'
        )
    lines = []
    for topic in recording.topics:
        if topic.type in IMAGE_TYPES and topic.count:
            missing = topic.count - len(results.results)
            lines.append((topic.name, topic.count, max(missing, 0)))
    if not lines:
        return '<p>The bag has no images to count.</p>'
    return _table(('topic', 'images in the bag', 'more than results'), lines)


def _diagnostics(recording: Recording, results: Results) -> str:
    found = list(_statuses(recording))
    if not found:
        return '<h2>Diagnostics</h2><p>This bag has none of a face_affect node.</p>'
    first = next(iter(results.results))
    changes = [
        status
        for before, status in zip([None, *found], found)
        if before is None or (before.level, before.message) != (status.level, status.message)
    ]
    return '\n'.join(
        [
            '<h2>Diagnostics</h2>',
            _table(
                ('at', 'level', 'message'),
                [
                    (f'{(status.stamp - first) * 1e-9:.1f} s', status.level, status.message)
                    for status in changes
                ],
            ),
            '<h3>At last</h3>',
            _table(('', ''), found[-1].values.items()),
        ]
    )


def _statuses(recording: Recording) -> Iterable[Status]:
    names = [topic.name for topic in recording.topics if topic.type == DIAGNOSTICS_TYPE]
    for message in recording.messages(names) if names else ():
        array = recording.parse(message)
        for status in array.status:
            if status.name.endswith(': pipeline'):
                level = LEVELS[min(int(status.level), len(LEVELS) - 1)]
                values = {item.key: item.value for item in status.values}
                yield Status(to_nanoseconds(array.header.stamp), level, status.message, values)


def _making(results: Results) -> str:
    known = results.information
    if not known:
        return (
            '<h2>Parameters and models</h2><p>Recorded from a node: its diagnostics tell of '
            f'its models. Results are on {escape(results.topic)}.</p>'
        )
    models: list[tuple[Any, ...]] = [
        (task, model['name'], model['sha256']) for task, model in known['models'].items()
    ]
    return '\n'.join(
        [
            '<h2>Parameters and models</h2>',
            _table(('task', 'model', 'SHA-256 of the network'), models),
            '<h3>Parameters</h3>',
            _table(('', ''), sorted(known['settings'].items())),
            '<h3>Recording</h3>',
            _table(
                ('', ''),
                [
                    ('name', known['input']['name']),
                    ('SHA-256', known['input']['sha256']),
                    ('image topic', known['topic']),
                ],
            ),
        ]
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    def line(cells: Sequence[Any], tag: str) -> str:
        return '<tr>' + ''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells) + '</tr>'

    first = line(head, 'th') if any(head) else ''
    return (
        f'<div class="table"><table>{first}{"".join(line(row, "td") for row in rows)}'
        '</table></div>'
    )
