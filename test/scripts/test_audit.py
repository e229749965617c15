# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path
import runpy
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

AUDIT = runpy.run_path(str(Path(__file__).parents[2] / 'scripts' / 'audit.py'))
SAFE = {'name': 'safe', 'version': '1.0', 'vulns': []}
HOLED = {
    'name': 'holed',
    'version': '2.0',
    'vulns': [
        {'id': 'PYSEC-1', 'fix_versions': ['2.1', '3.0']},
        {'id': 'PYSEC-2', 'fix_versions': []},
    ],
}
UNKNOWN = {'name': 'unknown', 'skip_reason': 'Dependency not found on PyPI'}


def output(*packages: dict[str, Any]) -> str:
    return json.dumps({'dependencies': packages, 'fixes': []})


@pytest.mark.parametrize(
    'answer, errors, code, said',
    [
        (output(SAFE), '', 0, ['a.txt: 1 audited, 0 vulnerabilities']),
        (
            output(SAFE, UNKNOWN),
            '',
            0,
            ['1 audited, 0', 'not audited, unknown to the service: unknown'],
        ),
        (
            output(HOLED, SAFE),
            '',
            1,
            [
                '2 audited, 2 vulnerabilities',
                'VULNERABLE: holed 2.0: PYSEC-1, fixed in 2.1, 3.0',
                'VULNERABLE: holed 2.0: PYSEC-2, fixed in no version yet',
            ],
        ),
        (
            output(UNKNOWN, UNKNOWN),
            '',
            0,
            ['a.txt: NOT AUDITED: the service does not know any of these 2'],
        ),
        (output(), '', 0, ['a.txt: 0 audited, 0 vulnerabilities']),
        (
            '',
            'WARNING: x\nERROR: no connection\n',
            0,
            ['a.txt: NOT AUDITED: ERROR: no connection'],
        ),
        ('', '', 0, ['a.txt: NOT AUDITED: pip-audit printed nothing']),
    ],
)
def test_verdict(
    answer: str,
    errors: str,
    code: int,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        subprocess,
        'run',
        lambda command, **_: SimpleNamespace(
            stdout=answer if 'a.txt' in command else output(), stderr=errors
        ),
    )
    assert AUDIT['main'](['a.txt']) == code
    printed = capsys.readouterr().out
    assert all(line in printed for line in said)
