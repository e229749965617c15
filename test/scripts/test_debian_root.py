# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""scripts/test_in_debian.sh says what it lacks, before it does anything."""

from __future__ import annotations

from pathlib import Path
import shutil
import subprocess
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / 'scripts' / 'test_in_debian.sh'
NEEDED = ('bash', 'dirname', 'grep')
REGISTERED = 'enabled\ninterpreter /usr/libexec/qemu\nflags: POF\noffset 0\n'


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Return a function that runs the script where there are only the programs that it names."""
    programs = tmp_path / 'bin'
    programs.mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)

    def run(architecture: str = 'arm64', registered: str = '', **said: str) -> str:
        for name, output in said.items():
            program = programs / name.replace('_', '-')
            program.write_text(f'#!/bin/bash\necho {output}\n')
            program.chmod(0o755)
        binfmt = tmp_path / 'binfmt_misc'
        binfmt.mkdir()
        if registered:
            (binfmt / 'qemu-aarch64').write_text(registered)
        done = subprocess.run(
            [str(SCRIPT), str(tmp_path / 'roots'), architecture, 'bookworm'],
            env={'PATH': str(programs), 'BINFMT_MISC': str(binfmt)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert not (tmp_path / 'roots').exists()
        return done.stderr

    return run


def test_unknown_architecture(run: Any) -> None:
    assert 'ARCHITECTURE=mips is unknown: choose amd64 or arm64' in run('mips')


def test_without_root(run: Any) -> None:
    assert 'need root: run it with sudo' in run(id='1000', uname='x86_64')


def test_without_debootstrap(run: Any) -> None:
    assert 'sudo apt install debootstrap' in run(id='0', uname='x86_64')


def test_without_qemu(run: Any) -> None:
    said = run(id='0', uname='x86_64', debootstrap='')
    assert 'qemu-aarch64-static is missing: sudo apt install qemu-user-static' in said


@pytest.mark.parametrize(
    'registered',
    ['', REGISTERED.replace('enabled', 'disabled'), REGISTERED.replace('POF', 'PO')],
)
def test_qemu_that_the_kernel_does_not_start(run: Any, registered: str) -> None:
    said = run(
        id='0', uname='x86_64', debootstrap='', qemu_aarch64_static='', registered=registered
    )
    assert 'the kernel cannot run aarch64 programs' in said
    assert 'mount -t binfmt_misc' in said
