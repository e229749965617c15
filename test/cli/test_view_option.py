# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect run --view."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys

from demo_bag import DemoFrame, ROOT
from made_media import write_clip
import pytest

from face_affect.cli import main

pytest.importorskip('uvicorn', reason="the page needs pip's extra view")

TIMEOUT = 60.0  # seconds, generous


@pytest.fixture(autouse=True)
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo_frames: list[DemoFrame]) -> Path:
    """Return a picture with three faces, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path('three.jpg')
    path.write_bytes(demo_frames[100].jpeg)
    return path


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'face_affect.cli', 'run', *arguments],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.fullmatch(r'page: http://127\.0\.0\.1:(\d+)/\n', line):
            return int(found[1])
    raise AssertionError('no page')


def states(port: int) -> list[dict[str, object]]:
    """Return what the page is told until the input has ended."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=TIMEOUT)
    connection.request('GET', '/events')
    found = []
    for line in connection.getresponse():
        if line.startswith(b'data: '):
            found.append(json.loads(line[6:]))
            if found[-1].get('ended'):
                break
    connection.close()
    return found


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_clip(demo_frames: list[DemoFrame], number: signal.Signals) -> None:
    write_clip(Path('clip.mp4'), [frame.image for frame in demo_frames[95:110]])
    process = start('clip.mp4', '--view', '--view-port', '0', '--json')
    try:
        greeting, *seen = states(port_of(process))
        assert greeting['source'] == 'clip.mp4'
        assert seen[-1]['stamp'] == pytest.approx(14 / 15, abs=1e-3)
        assert len(seen[-1]['faces']) == 3  # type: ignore[arg-type]
        # The page stays until it is no longer wanted; nothing is written.
        assert process.poll() is None
        process.send_signal(number)
        out, _ = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert len(out.splitlines()) == 15
    assert sorted(path.name for path in Path().iterdir()) == ['clip.mp4', 'three.jpg']


def test_an_output_is_written_if_asked_for(picture: Path) -> None:
    process = start(str(picture), '--view', '--view-port', '0', '-o', 'seen.jpg')
    try:
        states(port_of(process))
        assert Path('seen.jpg').stat().st_size > 10_000
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()


def test_a_port_that_is_taken(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        assert main(['run', str(picture), '--view', '--view-port', str(port)]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert f'no page: cannot serve the page on 127.0.0.1 port {port}: Address already in' in err
    assert err.count('no page') == 1 and '--view-port' in err


@pytest.mark.parametrize(
    'option, value', [('--view-port', '70000'), ('--view-address', 'robot.local')]
)
def test_a_wrong_address(
    picture: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(picture), '--view', option, value]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert 'no page: cannot serve the page on' in err and 'expected' in err


@pytest.mark.parametrize('missing', ['uvicorn', 'starlette'])
def test_a_missing_extra(picture: Path, missing: str) -> None:
    code = (
        f'import sys; sys.modules[{missing!r}] = None; from face_affect.cli import main; '
        f'sys.exit(main(["run", {str(picture)!r}, "--view"]))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert f'no page: --view needs {missing}: pip install {missing}' in done.stderr
    assert "pip install '.[view]'" in done.stderr


def test_help_names_the_risk(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['run', '--help'])
    assert 'RISK: an address other than loopback exposes' in ' '.join(
        capsys.readouterr().out.split()
    )
