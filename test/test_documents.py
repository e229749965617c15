# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Documents name existing tests, files and headings; drawings match their scripts."""

from __future__ import annotations

from pathlib import Path
import re
import runpy

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = {path.name: path.read_text() for path in (ROOT / 'test').rglob('test_*.py')}
DOCUMENTS = sorted(
    path
    for pattern in ('*.md', 'docs/**/*.md', 'demo/*.md', 'training/**/*.md', '.github/**/*.md')
    for path in ROOT.glob(pattern)
    if path.parent != ROOT / 'training' / 'cards'  # links as from docs/models
)
LINK = re.compile(r'\]\(([^)\s]+)\)')
NAMED = re.compile(r'`(?:[\w/]*/)?(test_\w+\.py|…)?(?:(?:::)?(test_\w+))?`')


def missing(text: str) -> list[str]:
    """Return the tests that ``text`` names, by file or name, and that do not exist."""
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
    'name', ['docs/reliability.md', 'docs/security.md', 'SECURITY.md', 'docs/PRIVACY.md']
)
def test_named_tests_exist(name: str) -> None:
    assert missing((ROOT / name).read_text()) == []


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings in ``text``, as GitHub makes them."""
    text = re.sub(r'^```.*?^```', '', text, flags=re.M | re.S)
    titles = re.findall(r'^#+ (.+)$', text, re.M)
    plain = (re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', title).lower() for title in titles)
    return {re.sub(r'[^\w\- ]', '', title).replace(' ', '-') for title in plain}


def dead_links(path: Path, text: str) -> list[str]:
    """Return the relative links in ``text`` of ``path`` whose file or heading does not exist."""
    dead = []
    for link in LINK.findall(text):
        if re.match(r'[a-z]+:', link):
            continue
        name, _, anchor = link.partition('#')
        target = path.parent / name if name else path
        if not target.exists() or (
            anchor and target.suffix == '.md' and anchor not in anchors(target.read_text())
        ):
            dead.append(link)
    return dead


def test_dead_links(tmp_path: Path) -> None:
    path = tmp_path / 'page.md'
    text = '# A `b`: c\n[x](page.md) [x](#a-b-c) [x](page.md#a-b-c) [x](https://x.org)\n'
    path.write_text(text)
    assert dead_links(path, text) == []
    assert dead_links(path, '[x](no.md) [x](page.md#no) [x](#a)') == ['no.md', 'page.md#no', '#a']


@pytest.mark.parametrize('path', DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert dead_links(path, path.read_text()) == []


def test_the_architecture_is_drawn_by_its_script() -> None:
    script = runpy.run_path(str(ROOT / 'scripts' / 'draw_architecture.py'))
    assert script['PICTURE'].read_text() == script['svg']()
