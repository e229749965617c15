# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from demo_bag import ROOT
import pytest

EXAMPLES = ROOT / 'examples'
SHORT = ('greet_newcomers.py', 'mood_log.py', 'turn_to_speaker.py')


@pytest.mark.parametrize('name', SHORT)
def test_what_people_copy_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 80


def test_documentation_lists_every_example() -> None:
    text = (ROOT / 'docs' / 'behaviour_trees.md').read_text()
    names = {path.name for path in EXAMPLES.iterdir()} - {'__pycache__'}
    assert names > set(SHORT)
    assert {name for name in names if f'`{name}`' not in text} == set()
