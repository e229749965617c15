# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

pytest.importorskip('uvicorn', reason="the page needs pip's extra view")

from demo_bag import DemoFrame

from face_affect.core.annotation import annotate_saliency
from face_affect.core.faces import FrameResult
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.core.settings import Settings
from face_affect.view.address import Address, ViewError
from face_affect.view.feeds import PipelineFeeds
from face_affect.view.server import CONNECTIONS, ViewServer
from face_affect.view.state import RateMeter, state

TIMEOUT = 30.0  # seconds, generous
BOUNDARY = b'--picture\r\n'


@pytest.fixture
def feeds() -> PipelineFeeds:
    """Return empty feeds."""
    return PipelineFeeds('a clip', Explainer((), 'face_detector'))


@pytest.fixture
def server(feeds: PipelineFeeds) -> Iterator[ViewServer]:
    """Return the server of the feeds, on loopback."""
    with ViewServer(feeds, Address(port=0)) as server:
        yield server


def port_of(server: ViewServer) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


def connect(server: ViewServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection('127.0.0.1', port_of(server), timeout=TIMEOUT)


def get(
    server: ViewServer, path: str, method: str = 'GET', **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = connect(server)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def lines(server: ViewServer, path: str = '/events') -> Iterator[dict[str, Any]]:
    """Yield what the server sends as data."""
    with closing(connect(server)) as connection:
        connection.request('GET', path)
        with connection.getresponse() as response:
            for line in response:
                if line.startswith(b'data: '):
                    yield json.loads(line[6:])


def picture(value: int, side: int = 64) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full((side, side, 3), value, np.uint8)


def test_saliency_of_a_rotated_and_reduced_image(
    demo_frames: list[DemoFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(Settings(confirm_frames=1, rotate=90))
    detector, *classifiers = pipeline.sidecars
    explainer = Explainer(classifiers, detector.calibrated_as)
    image = np.ascontiguousarray(np.rot90(demo_frames[100].image))
    result = pipeline.process(image, 0.0, 2)
    assert (result.width, result.height, len(result.faces)) == (960, 1280, 3)
    feeds = PipelineFeeds('a clip', explainer)
    items: list[Any] = []
    monkeypatch.setattr(feeds.saliency, 'publish', items.append)
    feeds.show_image(image, result, 0.002)
    upright = Pipeline(Settings(confirm_frames=1))
    frame = demo_frames[100].image
    expected = annotate_saliency(frame, explainer(frame, upright.process(frame, 0.0), 'emotion'))
    shown = np.rot90(items[0](), -1)
    # The captions are not turned.
    changed = (shown != frame).any(axis=2)
    assert (shown == expected).all(axis=2)[changed].mean() > 0.5


def show(feeds: PipelineFeeds, value: int) -> None:
    feeds.show_image(picture(value), FrameResult(float(value), 64, 64), 0.002)


@pytest.mark.parametrize(
    'path, kind',
    [
        ('/', 'text/html'),
        ('/view.js', 'text/javascript'),
        ('/view.css', 'text/css'),
        ('/icon.svg', 'image/svg+xml'),
    ],
)
def test_the_page_loads_from_its_address_only(server: ViewServer, path: str, kind: str) -> None:
    status, headers, body = get(server, path)
    assert status == 200
    assert headers['content-type'].startswith(kind)
    policy = headers['content-security-policy']
    assert policy.startswith("default-src 'none'; img-src 'self'; script-src 'self'")
    assert 'unsafe' not in policy
    assert headers['cross-origin-resource-policy'] == 'same-origin'
    assert headers['cache-control'] == 'no-store'
    text = body.decode().replace('http://www.w3.org/2000/svg', '')
    assert '://' not in text and '//cdn' not in text


def test_state_and_picture(server: ViewServer, feeds: PipelineFeeds) -> None:
    show(feeds, 100)
    events = lines(server)
    greeting, first = next(events), next(events)
    assert greeting['source'] == 'a clip'
    assert greeting['emotions'][3] == 'happy'
    assert greeting['colours']['happy'] == '#fad23c'
    assert first == {
        'ended': False,
        'stamp': 100.0,
        'width': 64,
        'height': 64,
        'rate': None,
        'latency_ms': 2.0,
        'faces': [],
    }
    show(feeds, 120)
    second = next(events)
    assert second['stamp'] == 120.0 and second['rate'] > 0
    feeds.end()
    assert next(events) == {**second, 'ended': True}
    assert parts(server, 1)[0] == 120


def parts(server: ViewServer, count: int) -> list[int]:
    """Return the brightness of the next pictures."""
    connection = connect(server)
    connection.request('GET', '/picture')
    answer = connection.getresponse()
    assert answer.getheader('content-type') == 'multipart/x-mixed-replace; boundary=picture'
    assert answer.readline() == BOUNDARY
    found = [brightness(part) for _, part in zip(range(count), read_parts(answer))]
    connection.close()
    return found


def read_parts(stream: Any) -> Iterator[bytes]:
    """Yield JPEGs up to their closing boundary."""
    data = b''
    for line in stream:
        if line == BOUNDARY:
            yield data.removeprefix(b'Content-Type: image/jpeg\r\n\r\n').removesuffix(b'\r\n')
            data = b''
        else:
            data += line


def brightness(jpeg: bytes) -> int:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    return round(float(np.mean(image)))


@pytest.mark.slow
def test_a_stalled_browser_does_not_delay_others(server: ViewServer, feeds: PipelineFeeds) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    stalled = socket.create_connection(('127.0.0.1', port_of(server)), TIMEOUT)
    stalled.sendall(b'GET /picture HTTP/1.1\r\nHost: localhost\r\n\r\n')
    events = lines(server)
    next(events)
    count = 150
    for index in range(count):
        noise[:20] = index
        feeds.show_image(noise.copy(), FrameResult(float(index), 400, 400), 0.001)
        # Another browser sees every image although the stalled one has taken none.
        assert next(events)['stamp'] == index
    feeds.close()
    received = b''
    while data := stalled.recv(65536):
        received += data
    stalled.close()
    assert 1 <= received.count(b'Content-Type: image/jpeg') < count / 2


def test_a_closed_browser_is_no_follower(server: ViewServer, feeds: PipelineFeeds) -> None:
    show(feeds, 50)
    connection = connect(server)
    connection.request('GET', '/picture')
    answer = connection.getresponse()
    assert answer.readline() == BOUNDARY
    assert next(read_parts(answer)).endswith(b'\xff\xd9')  # a whole JPEG
    assert feeds.picture.watched
    answer.close()
    connection.close()
    # Each response runs an iteration of the server's event loop.
    assert any(
        get(server, '/icon.svg')[0] == 200 and not feeds.picture.watched for _ in range(500)
    )


@pytest.mark.parametrize(
    'rubbish',
    [
        b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(500),  # TLS
        b'\r\n\r\n\0\0\0\r\n\r\n',
        b'GET / HTTP/9.9\r\n\r\n',
        b'GET / HTTP/1.1\r\nX: ' + b'a' * 100_000 + b'\r\n\r\n',
    ],
)
def test_malformed_requests_are_answered(server: ViewServer, rubbish: bytes) -> None:
    with socket.create_connection(('127.0.0.1', port_of(server)), TIMEOUT) as client:
        client.sendall(rubbish)
        assert client.recv(100).startswith(b'HTTP/1.1 400 ')
    assert get(server, '/')[0] == 200


@pytest.mark.parametrize(
    'path, status',
    [
        ('/nothing', 404),
        ('/../setup.cfg', 404),
        ('/view.js/..%2f..%2fserver.py', 404),
        ('/saliency', 400),
        ('/saliency?face=-1', 400),
        ('/saliency?face=%C2%B2', 400),
        ('/saliency?face=' + '9' * 40, 400),
    ],
)
def test_unknown_paths(server: ViewServer, path: str, status: int) -> None:
    assert get(server, path)[0] == status


def test_connections_are_bounded(server: ViewServer) -> None:
    connections = [connect(server) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.request('GET', '/events')
    statuses = [connection.getresponse().status for connection in connections]
    assert set(statuses) == {200}
    assert get(server, '/')[0] == 503
    for connection in connections:
        connection.close()


def test_other_methods(server: ViewServer) -> None:
    assert get(server, '/events', method='POST')[0] == 405
    assert get(server, '/picture', method='DELETE')[0] == 405


@pytest.mark.parametrize('host', ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', ''])
def test_names_of_other_pages_are_refused(server: ViewServer, host: str) -> None:
    """A foreign page whose name resolves to this address (DNS rebinding) reads nothing."""
    for path in ('/', '/events', '/picture'):
        assert get(server, path, Host=host)[0] == 400
    assert get(server, '/', Host='localhost:1')[0] == 200


def test_beyond_loopback_the_token_is_required(feeds: PipelineFeeds) -> None:
    with (
        ViewServer(feeds, Address('0.0.0.0', 0)) as server,
        ViewServer(feeds, Address('0.0.0.0', 0)) as other,
    ):
        path = urlsplit(server.url).path
        assert len(path) > 30
        assert path != urlsplit(other.url).path
        assert get(server, path, Host='robot:1')[0] == 200
        assert get(server, f'{path}view.js')[0] == 200
        for wrong in ('/', '/events', '/picture', '/view.js', f'/{"A" * 32}/events'):
            assert get(server, wrong)[0] == 404


def test_a_port_that_is_taken(server: ViewServer, feeds: PipelineFeeds) -> None:
    with pytest.raises(ViewError, match=f'port {port_of(server)}: Address already in use; choose'):
        ViewServer(feeds, Address(port=port_of(server)))


@pytest.mark.parametrize('host', ['robot.local', '', '1.2.3', '127.0.0.1:80'])
def test_an_address_is_an_ip_address(host: str) -> None:
    with pytest.raises(ViewError, match='expected an IP address of this machine'):
        Address(host)


def test_an_address_of_another_machine(feeds: PipelineFeeds) -> None:
    with pytest.raises(ViewError, match=r'cannot serve the page on 192\.0\.2\.1'):
        ViewServer(feeds, Address('192.0.2.1', 0))


@pytest.mark.parametrize('port', [-1, 65536])
def test_a_port_out_of_range(port: int) -> None:
    with pytest.raises(ViewError, match=f'port {port}: expected a port from 0 to 65535'):
        Address(port=port)


def test_the_port_is_free_after_the_end(feeds: PipelineFeeds) -> None:
    with ViewServer(feeds, Address(port=0)) as server:
        events = lines(server)
        next(events)
    assert list(events) == []  # closed by the server
    with ViewServer(feeds, Address(port=port_of(server))):
        pass


def test_rate() -> None:
    meter = RateMeter()
    assert meter.note(10.0) is None
    assert meter.note(10.1) == pytest.approx(10)
    assert meter.note(10.2) == pytest.approx(10)
    assert meter.note(13.15) == pytest.approx(1 / 2.95)  # the first two are too old
    assert meter.note(100.0) is None


def test_state_is_strict_json() -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        state(FrameResult(float('nan'), 1, 1), None, None)
