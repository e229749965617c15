# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The configurations of viewers: well formed, with topics that the node publishes."""

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FOXGLOVE = ROOT / 'config' / 'foxglove_layout.json'
RVIZ = ROOT / 'config' / 'face_affect.rviz'
SHOWN = {'/face_affect/debug_image', '/face_affect/saliency', '/face_affect/markers'}


@pytest.fixture(scope='module')
def published() -> set[str]:
    """Return the topics in the table of docs/interface.md."""
    text = (ROOT / 'docs' / 'interface.md').read_text()
    rows = re.findall(r'^\| `([~/\w]+)` \| publisher', text, re.M)
    return {name.replace('~', '/face_affect') for name in rows}


def topics_in(value: Any) -> set[str]:
    """Return all strings that look like a topic of the node or its diagnostics."""
    if isinstance(value, dict):
        found = topics_in(list(value.values())) | topics_in(list(value))
    elif isinstance(value, list):
        found = set().union(*map(topics_in, value))
    else:
        found = {value} if isinstance(value, str) and value.startswith('/') else set()
    return found


def panels(layout: Any) -> list[str]:
    return (
        [layout]
        if isinstance(layout, str)
        else [*panels(layout['first']), *panels(layout['second'])]
    )


def test_foxglove_shows_every_configured_panel_once() -> None:
    layout = json.loads(FOXGLOVE.read_text())
    assert sorted(panels(layout['layout'])) == sorted(layout['configById'])
    kinds = {name.split('!')[0] for name in layout['configById']}
    assert {'Image', '3D', 'RawMessages', 'DiagnosticSummary'} <= kinds


def test_foxglove_topics(published: set[str]) -> None:
    topics = topics_in(json.loads(FOXGLOVE.read_text())['configById'])
    assert topics <= published
    assert topics >= {
        '/face_affect/debug_image/compressed',
        '/face_affect/saliency',
        '/face_affect/markers',
        '/face_affect/faces',
        '/diagnostics',
    }


def test_rviz_topics(published: set[str]) -> None:
    yaml = pytest.importorskip('yaml')
    displays = yaml.safe_load(RVIZ.read_text())['Visualization Manager']['Displays']
    topics = topics_in(displays)
    assert topics == SHOWN
    assert topics <= published
    qos = [display['Topic'] for display in displays if 'Topic' in display]
    assert all(each['Durability Policy'] == 'Volatile' for each in qos)
