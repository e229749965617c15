# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect report: the content of the page, and its display in a browser."""

from __future__ import annotations

import base64
from dataclasses import replace
from html import escape
import json
from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Any

import cv2
from made_bags import (
    DEMO_BAG,
    demo_messages,
    image_topic,
    IMAGES,
    RESULTS,
    write_bag,
)
import numpy as np
import pytest

from face_affect.bags.analysis.keyframes import choose
from face_affect.bags.analysis.result_reader import read_results
from face_affect.bags.analysis.timeline import away_after, face_timelines
from face_affect.bags.batch.job import Job, Options
from face_affect.bags.batch.processing import process_bag
from face_affect.bags.recordings.bag_reader import BagRecording, TimedMessage, Topic
from face_affect.bags.recordings.bag_writer import BagWriter
from face_affect.bags.recordings.message_types import (
    known_types,
    message_definition,
    new_message,
    RESULT_TYPE,
    serialise,
)
from face_affect.cli import main

pytest.importorskip('face_affect.bags.report.page', reason='needs plotly')
GOLDEN = Path(__file__).resolve().parents[1] / 'golden' / 'demo'
DIAGNOSTICS_TYPE = 'diagnostic_msgs/msg/DiagnosticArray'
CHROMIUM = next(
    filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None
)


def make(bag: Path, folder: Path, *options: str) -> str:
    path = folder / 'report.html'
    assert main(['report', str(bag), '-o', str(path), *options]) == 0
    return path.read_text()


def text_of(page: str) -> str:
    """Return the page without scripts and data."""
    page = re.sub(r'<script.*?</script>', '', page, flags=re.DOTALL)
    return re.sub(r'src="data:[^"]*"', '', page)


def pictures_of(page: str) -> list[np.ndarray[Any, Any]]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', page)
    return [
        cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        for data in found
    ]


@pytest.fixture(scope='module')
def demo_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report on the golden result, with the demo bag's pictures."""
    return make(GOLDEN, tmp_path_factory.mktemp('report'), '--source', str(DEMO_BAG))


def test_the_report_has_the_timeline_of_all_faces(demo_page: str) -> None:
    text, seen = text_of(demo_page), face_timelines(read_results(GOLDEN))
    assert len(seen) == 5 and '<b>5</b>people (ids)' in text
    assert '<b>255</b>images with a result' in text
    assert '<td>#1</td><td>1.7 s</td><td>13.2 s</td><td>173</td><td>neutral</td>' in text
    assert '255 images, 255 results' in text and 'No image was dropped' in text
    for name in ('timeline', 'gender', *(f'emotions{each.id}' for each in seen)):
        assert f'id="{name}"' in text


def test_the_report_names_parameters_and_models(demo_page: str) -> None:
    information = read_results(GOLDEN).information
    text = text_of(demo_page)
    for model in information['models'].values():
        assert model['name'] in text and model['sha256'] in text
    for name, value in information['settings'].items():
        assert f'<td>{name}</td><td>{value}</td>' in text
    assert information['input']['sha256'] in text


def test_the_report_is_self_contained(demo_page: str) -> None:
    text = text_of(demo_page)
    assert not re.findall(r'(?:src|href)=', text)
    assert '<script src' not in demo_page and '@import' not in demo_page
    assert demo_page.count('data:image/jpeg;base64,') == 12
    assert len(demo_page) < 10_000_000


def test_key_frames_show_all_faces(demo_page: str) -> None:
    captions = re.findall(r'<figcaption>.*?: (.*?)</figcaption>', demo_page)
    assert {number for caption in captions for number in caption.split(', ')} == {
        f'#{person.id}' for person in face_timelines(read_results(GOLDEN))
    }
    assert {picture.shape for picture in pictures_of(demo_page)} == {(360, 480, 3)}


def test_the_same_results_give_the_same_page(demo_page: str, tmp_path: Path) -> None:
    assert make(GOLDEN, tmp_path, '--source', str(DEMO_BAG)) == demo_page


def test_without_pictures(tmp_path: Path) -> None:
    page = make(GOLDEN, tmp_path, '--source', str(DEMO_BAG), '--no-images')
    assert 'data:image' not in text_of(page) and not pictures_of(page)
    assert 'Key frames' not in text_of(page)
    page = make(GOLDEN, tmp_path)
    assert 'give the recording that has them by --source' in page


def test_blurred_faces(demo_page: str, tmp_path: Path) -> None:
    blurred = pictures_of(make(GOLDEN, tmp_path, '--source', str(DEMO_BAG), '--blur'))
    plain = pictures_of(demo_page)
    results = read_results(GOLDEN)
    chosen = choose(results)
    assert len(blurred) == len(plain) == len(chosen)
    covered = 0  # by the label of a larger face below: the false face on a cap
    for stamp, before, after in zip(chosen, plain, blurred):
        for face in results.results[stamp].frame.faces:
            box = face.detection.box.clipped(640, 480)
            x, y, w, h = (round(each * 0.75) for each in (box.x, box.y, box.width, box.height))
            if box.area < 40**2:
                covered += 1
                continue
            inside = np.s_[y + h // 4 : y + h * 3 // 4, x + w // 4 : x + w * 3 // 4]
            detail = [
                cv2.Laplacian(cv2.cvtColor(picture[inside], cv2.COLOR_BGR2GRAY), cv2.CV_64F).std()
                for picture in (before, after)
            ]
            assert detail[1] < detail[0] / 2
    assert covered == 1


def test_annotated_images_of_the_bag_are_used_without_a_source(
    short_bag: Path, tmp_path: Path
) -> None:
    output = tmp_path / 'out'
    assert process_bag(Job(str(short_bag), output, Options(images=True))).state == 'done'
    assert len(pictures_of(make(output, tmp_path))) == 12


def test_the_report_names_a_partial_result(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'whole', demo_messages(range(60, 200)))
    data = (source / 'whole.mcap').read_bytes()
    (tmp_path / 'cut.mcap').write_bytes(data[: len(data) * 2 // 3])
    process_bag(Job(str(tmp_path / 'cut.mcap'), tmp_path / 'out'))
    text = text_of(make(tmp_path / 'out', tmp_path))
    assert 'Incomplete recording: bag' in text and 'breaks off' in text


@pytest.fixture
def robots_bag(short_bag: Path, tmp_path: Path) -> Path:
    """Return a bag as recorded on a robot: images, results 30 ms later, diagnostics."""
    output = tmp_path / 'offline'
    process_bag(Job(str(short_bag), output))
    recording = BagRecording(output)
    messages = list(demo_messages())
    for number, message in enumerate(recording.messages()):
        result = recording.parse(message)
        result.processing_time.nanosec = 4_000_000
        if number != 7:  # One was dropped.
            messages.append(
                TimedMessage(
                    RESULTS,
                    message.stamp + 30_000_000,
                    bytes(known_types().serialize_cdr(result, RESULT_TYPE)),
                )
            )
    for level, text in ((1, 'images dropped: <undecodable>'), (0, 'processing')):
        messages.append(diagnostics(messages[0].stamp + level * 10**9, level, text))
    topics = [
        image_topic(),
        *(
            Topic(name, kind, *message_definition(kind))
            for name, kind in ((RESULTS, RESULT_TYPE), ('/diagnostics', DIAGNOSTICS_TYPE))
        ),
    ]
    with BagWriter(tmp_path / 'robot') as bag:
        for topic in topics:
            bag.advertise(topic)
        for message in sorted(messages, key=lambda each: each.stamp):
            bag.write(message)
        bag.close()
    return tmp_path / 'robot'


def diagnostics(stamp: int, level: int, text: str) -> TimedMessage:
    array = new_message(DIAGNOSTICS_TYPE)
    array.header.stamp.sec, array.header.stamp.nanosec = divmod(stamp, 10**9)
    status = new_message('diagnostic_msgs/msg/DiagnosticStatus')
    status.level, status.name, status.message = level, 'face_affect: pipeline', text
    value = new_message('diagnostic_msgs/msg/KeyValue')
    value.key, value.value = 'emotion model', 'emotion_mini_residual 5a7ca46a051f'
    other = replace(status, name='motor: temperature', message='hot')
    status.values = [value]
    array.status = [other, status]
    return TimedMessage('/diagnostics', stamp, serialise(array, DIAGNOSTICS_TYPE))


def test_the_report_on_a_bag_recorded_from_a_node(robots_bag: Path, tmp_path: Path) -> None:
    page = make(robots_bag, tmp_path)
    text = text_of(page)
    assert 'median 4.0 ms, 95th percentile 4.0 ms' in text
    assert 'median 30.0 ms' in text
    assert f'<td>{IMAGES}</td><td>20</td><td>1</td>' in text
    assert '<td>WARN</td><td>images dropped: &lt;undecodable&gt;</td>' in text
    assert '<td>1.0 s</td><td>WARN</td>' in text
    assert 'emotion_mini_residual 5a7ca46a051f' in text
    assert 'hot' not in text
    assert pictures_of(page)


@pytest.mark.parametrize(
    'arguments, reason',
    [
        (['no_such_bag'], 'cannot read bag'),
        ([str(DEMO_BAG)], 'face-affect bag makes results of images'),
        ([str(GOLDEN), '--source', 'no_such_bag'], 'no such file'),
        ([str(GOLDEN), '-o', '/no/such/folder/report.html'], 'cannot write'),
    ],
)
def test_wrong_inputs_of_report_are_errors(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(['report', *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_report(tmp_path: Path) -> None:
    path = tmp_path / 'report.html'
    path.write_text('earlier')
    command = [sys.executable, '-m', 'face_affect.cli', 'report', str(GOLDEN), '-o', str(path)]
    done = subprocess.run(
        ['bash', '-c', 'ulimit -f 100; exec "$@"', '-', *command],
        cwd=GOLDEN.parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert f'face-affect: error: cannot write {path}: File too large' in done.stderr
    assert path.read_text() == 'earlier'
    assert [each.name for each in tmp_path.iterdir()] == ['report.html']


def test_the_bag_is_not_replaced_by_its_report(
    short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert process_bag(Job(str(short_bag), tmp_path / 'out')).state == 'done'
    data = (tmp_path / 'out' / 'out.mcap').read_bytes()
    (tmp_path / 'link.html').symlink_to(tmp_path / 'out' / 'out.mcap')
    for name in ('out/out.mcap', 'link.html'):
        assert main(['report', str(tmp_path / 'out'), '-o', str(tmp_path / name)]) == 2
        assert f'{name}: it is the input' in capsys.readouterr().err
    assert (tmp_path / 'out' / 'out.mcap').read_bytes() == data


def test_presences_and_emotion_intervals() -> None:
    results = read_results(GOLDEN)
    first = face_timelines(results)[0]
    late = replace(
        first, times=[*first.times, *(time + 20 for time in first.times)], faces=first.faces * 2
    )
    gap = away_after(results)
    assert gap == pytest.approx(0.5)
    assert [spell.stop - spell.start for spell in late.spells(gap)] == [len(first.times)] * 2
    moods = list(late.moods(gap))
    assert moods[0][0] == first.times[0] and moods[-1][1] == late.times[-1]
    assert all(start <= stop for start, stop, _ in moods)
    changing = face_timelines(results)[3]
    labels = [label for _, _, label in changing.moods(gap)]
    assert labels == ['unknown', 'neutral', 'unknown', 'neutral']
    assert len(replace(late, times=late.times * 9, faces=late.faces * 9).thinned().times) <= 1500


MARKUP = '</title><script>alert(1)</script><img src=x onerror=alert(2)>'


def with_information(short_bag: Path, folder: Path, information: dict[str, Any]) -> Path:
    """Return a bag of results with arbitrary metadata."""
    process_bag(Job(str(short_bag), folder / 'made'))
    recording = BagRecording(folder / 'made')
    with BagWriter(folder / 'odd') as bag:
        for topic in recording.topics:
            bag.advertise(topic)
        for message in recording.messages():
            bag.write(message)
        bag.close({'face_affect': json.dumps(information)})
    return folder / 'odd'


def test_texts_of_the_bag_are_escaped(short_bag: Path, tmp_path: Path) -> None:
    information = {
        'fingerprint': 'x',
        'complete': False,
        'error': MARKUP,
        'input': {'name': MARKUP, 'sha256': MARKUP},
        'topic': MARKUP,
        'settings': {MARKUP: MARKUP},
        'models': {MARKUP: {'name': MARKUP, 'sha256': MARKUP}},
        'frames': 20,
        'dropped': {MARKUP: 3},
    }
    page = make(with_information(short_bag, tmp_path, information), tmp_path)
    assert MARKUP not in page and '<script>alert' not in page and '<img src=x' not in page
    assert text_of(page).count(escape(MARKUP)) == 12


@pytest.mark.parametrize(
    'information',
    [
        {},
        {'fingerprint': 'x', 'complete': True},
        {'fingerprint': 'x', 'complete': True, 'input': 5, 'dropped': [], 'frames': 'x'},
        {'complete': True, 'dropped': {'a': 'b'}, 'frames': 1, 'models': [], 'input': {}},
    ],
)
def test_invalid_metadata_are_ignored(
    short_bag: Path, tmp_path: Path, information: dict[str, Any]
) -> None:
    page = make(with_information(short_bag, tmp_path, information), tmp_path)
    assert 'Recorded from a node' in text_of(page)


# In a browser

HOLDER = """<!DOCTYPE html><body style="margin:0">
<iframe style="border:0;width:{width}px;height:2000px" srcdoc="{page}"></iframe><script>
addEventListener('load', () => setTimeout(() => {{
  const view = document.querySelector('iframe').contentWindow, page = view.document;
  document.body.dataset.found = JSON.stringify({{
    errors: view.errors, buttons: [...page.querySelectorAll('.modebar-btn')].map(
      button => button.dataset.title), wide: page.documentElement.scrollWidth,
    plots: [...page.querySelectorAll('.js-plotly-plot')].map(plot => plot.id),
    marks: page.querySelectorAll('.js-plotly-plot .points path, .js-plotly-plot .fills path, '
      + '.js-plotly-plot path.js-line, .js-plotly-plot .js-fill').length,
    images: [...page.images].filter(image => image.naturalWidth > 0).length}});
}}, 3000));
</script></body>"""
WATCH = '<script>window.errors = []; onerror = error => errors.push(String(error));</script>'


def browse(page: Path, folder: Path) -> str:
    """Return the document after its scripts have run."""
    done = subprocess.run(
        [
            str(CHROMIUM),
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            f'--user-data-dir={folder / "profile"}',
            '--window-size=1250,2050',
            '--virtual-time-budget=20000',
            '--dump-dom',
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason='needs Chromium: apt-get install chromium')
@pytest.mark.parametrize('width', [1200, 390], ids=['desktop', 'phone'])
def test_a_browser_renders_the_report(demo_page: str, tmp_path: Path, width: int) -> None:
    page = demo_page.replace('<head>', f'<head>{WATCH}', 1)
    holder = tmp_path / 'holder.html'
    holder.write_text(HOLDER.format(width=width, page=escape(page)))
    dom = browse(holder, tmp_path)
    match = re.search(r'data-found="([^"]*)"', dom[:20_000] + dom[-20_000:])
    assert match, dom[:2000]
    found = json.loads(match[1].replace('&quot;', '"'))
    assert found['errors'] == []
    assert found['wide'] <= width
    seen = face_timelines(read_results(GOLDEN))
    count = len(seen)
    assert found['plots'] == ['timeline', *(f'emotions{each.id}' for each in seen), 'gender']
    assert found['marks'] >= count + count * 7 + count
    assert found['images'] == 12
    assert set(found['buttons']) == {
        'Zoom',
        'Pan',
        'Zoom in',
        'Zoom out',
        'Autoscale',
        'Reset axes',
    }


@pytest.mark.skipif(CHROMIUM is None, reason='needs Chromium: apt-get install chromium')
def test_the_report_contacts_no_server(demo_page: str, tmp_path: Path) -> None:
    attempt = (
        '<script>fetch("http://127.0.0.1:9/").catch(error => '
        'document.body.dataset.found = "refused");'
        'addEventListener("securitypolicyviolation", event => '
        'document.body.dataset.policy = event.effectiveDirective);</script></body>'
    )
    path = tmp_path / 'attempt.html'
    path.write_text(demo_page.replace('</body>', attempt))
    dom = browse(path, tmp_path)
    assert 'data-policy="connect-src"' in dom
