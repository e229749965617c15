# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The public interface of ``import face_affect``."""

from __future__ import annotations

from configparser import ConfigParser
import doctest
import importlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

import face_affect
from face_affect.cli import main

ROOT = Path(__file__).resolve().parents[1]
NAMES = {
    'annotate',
    'Box',
    'Detection',
    'Estimate',
    'Face',
    'FrameResult',
    'ModelError',
    'ModelNames',
    'Pipeline',
    'Settings',
}


def test_public_names() -> None:
    assert set(face_affect.__all__) == NAMES
    assert set(dir(face_affect)) >= NAMES
    for name in NAMES:
        assert getattr(face_affect, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Tracker'"):
        _ = face_affect.Tracker  # type: ignore[attr-defined]


def test_names_can_be_imported_together() -> None:
    space: dict[str, object] = {}
    exec('from face_affect import *', space)
    assert set(space) >= NAMES


def test_import_is_light() -> None:
    code = 'import face_affect.core.faces, sys; print(*sys.modules)'
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tops = {name.split('.')[0] for name in done.stdout.split()}
    assert not tops & {'cv2', 'numpy', 'ai_edge_litert', 'tflite_runtime', 'rclpy'}


@pytest.mark.parametrize('package', ['.', 'face_affect_msgs'])
def test_one_version_and_one_address(package: str) -> None:
    found = ElementTree.parse(ROOT / package / 'package.xml')
    assert found.findtext('version') == face_affect.__version__
    maintainer = found.find('maintainer')
    assert maintainer is not None
    metadata = ConfigParser()
    metadata.read(ROOT / 'setup.cfg')
    assert maintainer.text == metadata['metadata']['maintainer']
    assert maintainer.get('email') == metadata['metadata']['maintainer_email']
    assert [url.get('type') for url in found.findall('url')] == ['website']


def test_citation_has_the_version() -> None:
    versions = re.findall(r'^version: (.*)$', (ROOT / 'CITATION.cff').read_text(), re.M)
    assert versions == [face_affect.__version__]


def test_changelog_begins_with_the_version() -> None:
    versions = re.findall(r'^## \[(\d.*?)\]', (ROOT / 'CHANGELOG.md').read_text(), re.M)
    assert versions[0] == face_affect.__version__


def test_version_of_the_distribution_is_taken_from_the_package() -> None:
    text = (ROOT / 'setup.cfg').read_text()
    assert re.findall(r'^version = (.*)$', text, re.M) == ['attr: face_affect.__version__']
    try:
        installed = version('face_affect')
    except PackageNotFoundError:
        pytest.skip('face_affect is not installed here')
    assert installed == face_affect.__version__


def test_command_line_names_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(['--version'])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f'face-affect {face_affect.__version__}\n'


def test_types_are_announced() -> None:
    assert (Path(face_affect.__file__).parent / 'py.typed').exists()
    assert "'face_affect': ['py.typed']" in (ROOT / 'setup.py').read_text()


MODULES_WITH_EXAMPLES = (
    'face_affect',
    'core.faces',
    'core.images',
    'core.pipeline',
    'core.rotation',
    'core.settings',
    'core.smoothing',
    'core.tracking',
)


@pytest.mark.parametrize('name', MODULES_WITH_EXAMPLES)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    module = importlib.import_module(name if name == 'face_affect' else f'face_affect.{name}')
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
