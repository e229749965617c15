# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Installation by pip and CMake: the default networks and the data that the code reads."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any

from demo_bag import ROOT
import numpy as np
import pytest

from face_affect.core.settings import ModelNames
from face_affect.core.tasks import TASKS
from face_affect.media.writer import write_picture

BUILD = Path(os.environ.get('FACE_AFFECT_BUILD_ROOT', ROOT)) / 'build' / 'face_affect'
INSTALLED = (ROOT / 'models' / 'installed.txt').read_text().split()


Completed = subprocess.CompletedProcess[str]


def run(*command: object, cwd: Path | None = None, env: Any = None) -> Completed:
    words = list(map(str, command))
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope='module')
def by_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the package as pip puts it into a wheel."""
    folder = tmp_path_factory.mktemp('pip')
    source = folder / 'source'
    # Not in the source folder itself: pip would leave its build there.
    for name in ('face_affect', 'face_affect_msgs', 'models'):
        shutil.copytree(ROOT / name, source / name)
    for name in ('setup.py', 'setup.cfg', 'pyproject.toml', 'README.md'):
        shutil.copy(ROOT / name, source)
    # Without network, and without the package wheel, which pip needs
    command = ('setup.py', '-q', 'build', '--build-lib', folder / 'site')
    done = run(sys.executable, *command, cwd=source)
    assert done.returncode == 0, done.stderr
    return folder / 'site' / 'face_affect'


@pytest.fixture(scope='module')
def by_cmake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the package that CMake installs from the workspace's build."""
    if not (BUILD / 'cmake_install.cmake').exists():
        pytest.skip(f'nothing is built in {BUILD}')
    prefix = tmp_path_factory.mktemp('cmake')
    done = run('cmake', '--install', BUILD, '--prefix', prefix)
    assert done.returncode == 0, done.stderr
    (package,) = prefix.glob('lib/python*/site-packages/face_affect')
    return package


@pytest.fixture(params=['by_pip', 'by_cmake'])
def installed(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


def test_the_list_is_that_of_the_defaults() -> None:
    names = ModelNames()
    classifiers = [names.of(task) for task in TASKS]
    defaults = [
        names.detector,
        *(f'{names.detector}_{width}' for width in (480, 640)),
        *(f'{name}{kind}' for name in classifiers for kind in ('', '_saliency')),
    ]
    assert defaults == INSTALLED


def test_the_default_networks_are_installed_alone(installed: Path) -> None:
    files = sorted(path.name for path in (installed / 'models').iterdir())
    assert files == sorted(f'{name}.{kind}' for name in INSTALLED for kind in ('json', 'tflite'))
    assert sum(path.stat().st_size for path in (installed / 'models').iterdir()) < 1_800_000


def test_data_of_the_code_are_installed(installed: Path) -> None:
    for name in ('py.typed', 'msg/FaceAffectArray.msg', 'bags/report/templates/report.html.j2'):
        assert (installed / name).is_file()


def face_affect(installed: Path, folder: Path, *arguments: object, **variables: str) -> Completed:
    environment = {**os.environ, 'PYTHONPATH': str(installed.parent), **variables}
    if not variables:
        environment.pop('FACE_AFFECT_MODELS', None)
    return run(*(sys.executable, '-m', 'face_affect.cli', *arguments), cwd=folder, env=environment)


def test_models_of_an_installation_and_of_the_source(installed: Path, tmp_path: Path) -> None:
    def names(done: Completed) -> list[str]:
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        return sorted(line.split()[0] for line in lines[1:] if line)

    assert names(face_affect(installed, tmp_path, 'models')) == sorted(INSTALLED)
    models = ROOT / 'models'
    everything = face_affect(installed, tmp_path, 'models', FACE_AFFECT_MODELS=str(models))
    assert names(everything) == sorted(path.stem for path in models.glob('*.json'))


def test_another_network_is_asked_for(installed: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / 'picture.jpg', np.zeros((48, 64, 3), np.uint8))
    command = ('run', tmp_path / 'picture.jpg', '--no-output', '--emotion-model')
    done = face_affect(installed, tmp_path, *command, 'emotion_residual')
    assert done.returncode == 2
    text = done.stderr
    assert f"no model 'emotion_residual' in {installed / 'models'}" in text
    assert 'pass the absolute path of its models/NAME.json' in text
    path = ROOT / 'models' / 'emotion_residual.json'
    done = face_affect(installed, tmp_path, *command, path)
    assert 'no model' not in done.stderr
