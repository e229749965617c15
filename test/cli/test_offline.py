# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The command line, and so all of the core, needs and asks for no network."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

from demo_bag import DemoFrame, ROOT

# Python's audit events report every socket that Python code asks for; what native code has
# opened shows among the file descriptors.
GUARDED = """
import os, sys

def refuse(event, arguments):
    if event.startswith(('socket.', 'urllib.', 'http.', 'ftplib.', 'smtplib.')):
        raise RuntimeError(f'asked for the network: {event} {arguments}')

sys.addaudithook(refuse)
from face_affect.cli import main
code = main(sys.argv[1:])
print([name for name in (os.path.realpath(f'/proc/self/fd/{fd}')
                         for fd in os.listdir('/proc/self/fd')) if 'socket:' in name])
sys.exit(code)
"""


def run_guarded(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, '-c', GUARDED, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pictures_need_no_network(tmp_path: Path, demo_frames: list[DemoFrame]) -> None:
    picture = tmp_path / 'three.jpg'
    picture.write_bytes(demo_frames[100].jpeg)
    *faces, sockets = run_guarded('run', str(picture), '--no-output')
    assert len(faces) == 3
    assert sockets == '[]'


def test_models_need_no_network() -> None:
    *lines, sockets = run_guarded('models')
    assert lines
    assert sockets == '[]'


def test_the_guard_guards() -> None:
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            'import socket\n'
            + GUARDED.replace(
                'from face_affect.cli import main', 'main = lambda _: socket.socket() and 0'
            ),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert 'asked for the network: socket.__new__' in done.stderr
