# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The hashed requirements agree with setup.cfg and with the pinned versions."""

from __future__ import annotations

import configparser
from pathlib import Path
import re

ROOT = Path(__file__).parents[2]
NOT_ON_A_ROBOT = {'training', 'test'}


def name_of(requirement: str) -> str:
    return re.split(r'[<>=; ]', requirement.strip())[0].lower().replace('_', '-').replace('.', '-')


def pins(name: str) -> dict[str, set[str]]:
    """Return the pinned versions of a requirements file, and of those that it includes."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / 'requirements' / name).read_text().splitlines():
        if line.startswith('-r '):
            for package, versions in pins(line[3:]).items():
                found.setdefault(package, set()).update(versions)
        elif match := re.match(r'[\w.\[\]-]+==([\w.]+)', line):
            found.setdefault(name_of(line.split('[')[0]), set()).add(match[1])
    return found


def test_every_locked_package_has_hashes() -> None:
    content = (ROOT / 'requirements' / 'locked.txt').read_text()
    entries = re.split(r'\n(?=[a-z])', content)[1:]
    assert len(entries) > 40
    assert not [entry for entry in entries if '--hash=sha256:' not in entry]


def test_all_that_setup_cfg_asks_for_is_locked() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    wanted = config['options']['install_requires'].split('\n')
    for extra, packages in config['options.extras_require'].items():
        if extra not in NOT_ON_A_ROBOT:
            wanted += packages.split('\n')
    assert {name_of(line) for line in wanted if line.strip()} <= set(pins('locked.txt'))


def test_locked_versions_are_the_tested_ones() -> None:
    tested, locked = pins('dev.txt'), pins('locked.txt')
    both = set(tested) & set(locked)
    assert {'numpy', 'opencv-python-headless', 'ai-edge-litert', 'rosbags'} <= both
    assert {name: locked[name] for name in both} == {name: tested[name] for name in both}
