# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Peers: other packages for the same task, each in its own environment, set up on demand."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent


class PeerError(RuntimeError):
    """A peer cannot be set up or failed; the message has its name and the last error line."""


@dataclass(frozen=True)
class Timings:
    """The seconds of each call of a peer for one scene, and the number of detected faces."""

    seconds: tuple[float, ...]
    faces: int

    @property
    def median(self) -> float:
        """The median in seconds."""
        return float(np.median(self.seconds))


@dataclass(frozen=True)
class Peer:
    """One peer.

    ``script`` is run with ``options``. ``requirements`` is the file of the packages that it uses;
    those in ``alone`` are installed in addition, without their dependencies.
    ``detector_alone``: it only detects faces, and is compared with the detector alone.
    """

    name: str
    script: str
    requirements: str
    alone: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    detector_alone: bool = False

    def set_up(self, environments: Path) -> Path:
        """Return the Python of the peer's environment in ``environments``; create it if missing.

        Raises:
            PeerError: the installation failed.

        """
        requirements = FOLDER / self.requirements
        wanted = requirements.read_text() + ' '.join(self.alone) + sys.version
        folder = environments / requirements.stem
        python = folder / 'bin' / 'python'
        mark = folder / '.ready'
        fingerprint = hashlib.sha256(wanted.encode()).hexdigest()
        if mark.exists() and mark.read_text() == fingerprint:
            return python
        print(f'setting up {self.name} in {folder}', file=sys.stderr, flush=True)
        pip = [str(python), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
        steps = [
            [sys.executable, '-m', 'venv', '--clear', str(folder)],
            [*pip, '-r', str(requirements)],
        ]
        if self.alone:
            steps.append([*pip, '--no-deps', *self.alone])
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or [f'exit code {done.returncode}']
                raise PeerError(f'cannot set up {self.name} in {folder}: {lines[-1]}')
        mark.write_text(fingerprint)
        return python

    def time(
        self, scenes: dict[str, Any], seconds: float, environments: Path
    ) -> dict[str, Timings]:
        """Time the peer on images u8 [H, W, 3] BGR by name, each for ``seconds``.

        Raises:
            PeerError: it cannot be set up, or failed.

        """
        python = self.set_up(environments)
        with tempfile.TemporaryDirectory() as folder:
            pictures = Path(folder) / 'scenes.npz'
            np.savez(pictures, **scenes)
            done = subprocess.run(
                [
                    str(python),
                    str(FOLDER / self.script),
                    str(pictures),
                    str(seconds),
                    *self.options,
                ],
                capture_output=True,
                text=True,
                env=one_thread(),
            )
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise PeerError(f'{self.name} failed: {lines[-1] if lines else done.returncode}')
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return {
            name: Timings(tuple(each['seconds']), each['faces']) for name, each in found.items()
        }


def one_thread() -> dict[str, str]:
    """Return environment variables without ROS, in which the usual libraries use one thread."""
    limits = ('OMP_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS')
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ('PYTHONPATH', 'VIRTUAL_ENV')
    }
    return {
        **kept,
        **dict.fromkeys(limits, '1'),
        'TF_CPP_MIN_LOG_LEVEL': '3',
        'CUDA_VISIBLE_DEVICES': '-1',
    }


FER = Peer('PyPI fer 25.10.3', 'fer_peer.py', 'fer.txt', ('fer==25.10.3',))
PAPER = Peer("the paper's pipeline", 'paper_peer.py', 'paper.txt')
PAPER_COMPILED = Peer(
    "the paper's pipeline, compiled", 'paper_peer.py', 'paper.txt', options=('compiled',)
)
MEDIAPIPE = Peer(
    'MediaPipe 0.10.21, detector alone',
    'mediapipe_peer.py',
    'mediapipe.txt',
    ('mediapipe==0.10.21',),
    detector_alone=True,
)
HAAR = Peer('Haar cascade, detector alone', 'haar_peer.py', 'haar.txt', detector_alone=True)
PEERS = (FER, PAPER, PAPER_COMPILED, MEDIAPIPE, HAAR)
