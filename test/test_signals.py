# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path
import signal
import subprocess
import sys

import pytest

from face_affect.signals import SIGNALS

ROOT = Path(__file__).resolve().parents[1]
WAITS = """
import sys, time
from face_affect.signals import StopSignal
with StopSignal({interruptible}) as stopped:
    print('ready', flush=True)
    while not stopped:
        time.sleep(0.01)
    print('stopped', flush=True)
    if sys.stdin.readline():
        print('ended', flush=True)
"""
BUSY = """
import time
from face_affect.signals import ended_within, StopSignal
with StopSignal(), ended_within(0.1, 'busy'):
    print('ready', flush=True)
    {work}
print('ended', flush=True)
"""


def start(code: str, *before: str) -> subprocess.Popen[str]:
    """Start ``code``; return it when it has printed that it is ready."""
    process = subprocess.Popen(
        [*before, sys.executable, '-c', code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == 'ready\n'
    return process


@pytest.mark.parametrize('number', SIGNALS, ids=lambda number: number.name)
def test_a_signal_stops(number: signal.Signals) -> None:
    process = start(WAITS.format(interruptible=True))
    process.send_signal(number)
    output, errors = process.communicate('\n', timeout=30)
    assert (process.returncode, output, errors) == (0, 'stopped\nended\n', '')


@pytest.mark.parametrize('interruptible', [True, False])
def test_a_second_interrupt(interruptible: bool) -> None:
    process = start(WAITS.format(interruptible=interruptible))
    process.send_signal(signal.SIGINT)
    assert process.stdout and process.stdout.readline() == 'stopped\n'
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate('\n', timeout=30)
    assert ('Interrupted' in errors) == interruptible
    assert (output == 'ended\n') == (not interruptible)


def test_an_ignored_signal_stays_ignored() -> None:
    process = start(WAITS.format(interruptible=True), 'nohup')
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate('\n', timeout=30)
    assert (process.returncode, output) == (0, 'stopped\nended\n')
    before = subprocess.run(
        ['nohup', sys.executable, '-c', WAITS_FOR_HANGUP],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert before.stdout == 'False\n'


WAITS_FOR_HANGUP = """
import os, signal
from face_affect.signals import StopSignal
with StopSignal() as stopped:
    os.kill(os.getpid(), signal.SIGHUP)
    print(bool(stopped))
"""


def test_a_program_that_stays_busy_is_killed() -> None:
    process = start(BUSY.format(work='time.sleep(60)'))
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert output == ''
    assert errors == 'busy: still busy 0.1 s after a signal: killed\n'


def test_a_program_that_ends_by_itself_is_not_killed() -> None:
    # Read at once: lines in a buffer would be missing.
    ended = subprocess.run(
        [sys.executable, '-c', BUSY.format(work='pass')],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, 'ready\nended\n', '')
