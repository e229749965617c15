# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Setting up of peers, and the help of the benchmark."""

from __future__ import annotations

from pathlib import Path
import subprocess
from typing import Any

import pytest

from benchmarks.peers import HAAR, PeerError


@pytest.mark.parametrize(
    'output, reason', [('', 'exit code 3'), ('a warning\nno such package\n', 'no such package')]
)
def test_a_failed_installation_is_an_error_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, reason: str
) -> None:
    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 3, '', output)

    monkeypatch.setattr(subprocess, 'run', fail)
    with pytest.raises(PeerError, match=f'cannot set up {HAAR.name} in .*: {reason}$'):
        HAAR.set_up(tmp_path)


def test_help_shows_the_limit_of_the_check(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr('sys.argv', ['run', '--help'])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 0
    assert 'warn if more than 20 % slower' in ' '.join(capsys.readouterr().out.split())
