# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The processor's name, and running of measured processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
import platform
import signal
import subprocess

KIND_SECONDS = 10.0  # seconds between SIGINT and SIGKILL


def processor() -> str:
    """Return the name of this machine's processor."""
    lines = Path('/proc/cpuinfo').read_text().splitlines()
    return next(
        (line.split(':')[1].strip() for line in lines if line.startswith('model name')),
        platform.machine(),
    )


@contextmanager
def running(words: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a program with output to ``log`` in the block; yield its process id."""
    with log.open('w') as stream:
        process = subprocess.Popen(
            words, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment)
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(KIND_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
