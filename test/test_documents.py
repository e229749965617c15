# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Documents name tests that exist."""

from __future__ import annotations

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = {path.name: path.read_text() for path in (ROOT / 'test').rglob('test_*.py')}
NAMED = re.compile(r'`(?:[\w/]*/)?(test_\w+\.py|…)?(?:(?:::)?(test_\w+))?`')


def missing(text: str) -> list[str]:
    """Return the tests that ``text`` names by file, by file and name or by name, without one."""
    found = [match for match in NAMED.finditer(text) if match[1] or match[2]]
    return [
        match[0]
        for match in found
        if not any(
            match[1] in (None, '…', name) and (not match[2] or f'def {match[2]}(' in code)
            for name, code in TESTS.items()
        )
    ]


def test_missing() -> None:
    text = '`test_documents.py` `x/test_documents.py::test_missing` `…::test_missing` `make test`'
    assert missing(text) == []
    wrong = ['`test_no.py`', '`test_documents.py::test_no`', '`test_no`']
    assert missing(' '.join(wrong)) == wrong


@pytest.mark.parametrize(
    'name', ['docs/reliability.md', 'docs/security.md', 'SECURITY.md', 'PRIVACY.md']
)
def test_named_tests_exist(name: str) -> None:
    assert missing((ROOT / name).read_text()) == []
