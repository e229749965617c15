# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The architecture: which package may import which."""

from __future__ import annotations

import ast
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'face_affect'
ROS_NAMES = (
    'ament',
    'builtin_interfaces',
    'cv_bridge',
    'launch',
    'lifecycle_msgs',
    'rcl',
    'rmw',
    'ros',
    'tf2',
    'py_trees',
    'unique_identifier',
)
# Packages that only the live view may import
VIEW_NETWORK = {'asyncio', 'socket', 'starlette', 'uvicorn'}


def imported_modules(path: Path) -> set[str]:
    """Return the full names of all modules that ``path`` imports, in functions, too."""
    package = path.relative_to(ROOT).with_suffix('').parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join(package[: len(package) - node.level + 1]) if node.level else ''
            module = '.'.join(part for part in (base, node.module or '') if part)
            names |= {module} | {f'{module}.{alias.name}' for alias in node.names}
    return names


def sources(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).rglob('*.py'))


def is_ros(module: str) -> bool:
    top = module.split('.')[0]
    return top.endswith(('_msgs', '_srvs', '_interfaces')) or top.startswith(ROS_NAMES)


@pytest.mark.parametrize(
    'module, expected',
    [
        ('rclpy.node', True),
        ('sensor_msgs.msg', True),
        ('std_srvs', True),
        ('rosbags', True),
        ('face_affect_msgs.msg', True),
        ('ament_index_python', True),
        ('numpy', False),
        ('face_affect.core.faces', False),
    ],
)
def test_is_ros(module: str, expected: bool) -> None:
    assert is_ros(module) is expected


def test_imported_modules_finds_all_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], 'ROOT', tmp_path)
    source = tmp_path / 'package' / 'module.py'
    source.parent.mkdir()
    source.write_text(
        'def f():\n    import a.b\n    from c import d\nfrom . import e\nfrom .g import h\n'
    )
    assert imported_modules(source) == {
        'a.b',
        'c',
        'c.d',
        'package',
        'package.e',
        'package.g',
        'package.g.h',
    }


@pytest.mark.parametrize('path', sources('core'), ids=lambda path: path.name)
def test_core_knows_no_ros(path: Path) -> None:
    assert not {name for name in imported_modules(path) if is_ros(name)}


@pytest.mark.parametrize('path', sources('core'), ids=lambda path: path.name)
def test_core_imports_only_core(path: Path) -> None:
    own = {name for name in imported_modules(path) if name.startswith('face_affect.')}
    assert not {name for name in own if not name.startswith('face_affect.core')}


@pytest.mark.parametrize(
    'path',
    sources('ros') + sources('bags') + sources('behaviours') + sources('view'),
    ids=lambda path: f'{path.parent.name}/{path.name}',
)
def test_shells_process_no_images(path: Path) -> None:
    tops = {name.split('.')[0] for name in imported_modules(path)}
    assert not tops & {'cv2', 'PIL', 'scipy', 'skimage', 'ai_edge_litert', 'tflite_runtime'}


@pytest.mark.parametrize('path', sources('view'), ids=lambda path: path.name)
def test_the_page_builds_on_the_core_alone(path: Path) -> None:
    names = imported_modules(path)
    assert not {name for name in names if is_ros(name)}
    own = {name for name in names if name.startswith('face_affect.')}
    assert not {
        name for name in own if not name.startswith(('face_affect.core', 'face_affect.view'))
    }


@pytest.mark.parametrize('path', sources('behaviours'), ids=lambda path: path.name)
def test_behaviours_build_on_the_core_alone(path: Path) -> None:
    own = {name for name in imported_modules(path) if name.startswith('face_affect.')}
    assert not {
        name for name in own if not name.startswith(('face_affect.core', 'face_affect.behaviours'))
    }


@pytest.mark.parametrize('path', sources(''), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_product_needs_no_training(path: Path) -> None:
    tops = {name.split('.')[0] for name in imported_modules(path)}
    assert not tops & {'training', 'torch', 'tensorflow', 'matplotlib'}


@pytest.mark.parametrize('path', sources(''), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_product_knows_no_network(path: Path) -> None:
    """Only ROS, the page on loopback and a cluster that the user names open connections."""
    tops = {name.split('.')[0] for name in imported_modules(path)}
    if PACKAGE / 'view' in path.parents:
        tops -= VIEW_NETWORK
    assert not tops & {
        'aiohttp',
        'anyio',
        'asyncio',
        'ftplib',
        'http',
        'httpx',
        'requests',
        'smtplib',
        'socket',
        'socketserver',
        'ssl',
        'starlette',
        'urllib',
        'urllib3',
        'uvicorn',
        'webbrowser',
        'xmlrpc',
    }


@pytest.mark.parametrize('path', sources(''), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_product_starts_no_program_and_unpickles_nothing(path: Path) -> None:
    tops = {name.split('.')[0] for name in imported_modules(path)}
    assert not tops & {'marshal', 'pickle', 'shelve', 'subprocess'}


@pytest.mark.parametrize('path', sources(''), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_many_bags_are_given_to_other_processes_and_machines(path: Path) -> None:
    """Other machines are used only if --scheduler names them."""
    tops = {name.split('.')[0] for name in imported_modules(path)}
    if path != PACKAGE / 'bags' / 'batch' / 'runner.py':
        assert not tops & {'concurrent', 'dask', 'distributed', 'multiprocessing'}


# What each stage of the training may import, besides itself
STAGES: dict[str, set[str]] = {
    'data': set(),
    'models': {'data'},
    'export': {'data', 'models'},
    'evaluation': {'data', 'export'},
}


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'support').glob('*.py')), ids=lambda path: path.name
)
def test_support_knows_none_of_those_that_share_it(path: Path) -> None:
    tops = {name.split('.')[0] for name in imported_modules(path)}
    assert not tops & {'face_affect', 'training', 'benchmarks', 'demo', 'examples', 'scripts'}


@pytest.mark.parametrize('stage', STAGES)
def test_training_goes_by_stage(stage: str) -> None:
    allowed = {f'training.{name}' for name in {stage, *STAGES[stage]}}
    paths = sorted((ROOT / 'training' / stage).glob('*.py'))
    assert len(paths) > 1
    for path in paths:
        own = {name for name in imported_modules(path) if name.startswith('training.')}
        assert {'.'.join(name.split('.')[:2]) for name in own} <= allowed, path.name


@pytest.mark.parametrize(
    'path',
    sorted((ROOT / 'training' / 'evaluation').glob('*.py')),
    ids=lambda path: path.name,
)
def test_evaluation_needs_neither_pytorch_nor_tensorflow(path: Path) -> None:
    tops = {name.split('.')[0] for name in imported_modules(path)}
    assert not tops & {'torch', 'tensorflow'}


@pytest.mark.parametrize('path', sources(''), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_one_module_replaces_files(path: Path) -> None:
    """That module handles links, devices and inputs."""
    if path == PACKAGE / 'outputs.py':
        return
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert not used & {'write_bytes', 'imwrite', 'NamedTemporaryFile', 'mkdtemp'}


@pytest.mark.parametrize(
    'path',
    [
        path
        for room in ('face_affect', 'training', 'benchmarks', 'demo', 'examples', 'scripts')
        for path in sorted((ROOT / room).rglob('*.py'))
        # The peers' programs run where this package is not installed.
        if path not in (PACKAGE / 'core' / 'strict_json.py', ROOT / 'benchmarks/peers/timing.py')
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_only_one_module_writes_json(path: Path) -> None:
    """That module refuses NaN."""
    assert not {'json.dump', 'json.dumps'} & {
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }


def test_there_are_sources() -> None:
    assert len(sources('core')) > 10
    assert len(sources('ros')) > 4
    assert len(sources('bags')) > 1
    assert len(sources('behaviours')) > 4
    assert len(sources('view')) > 3


def test_core_loads_nothing_heavy() -> None:
    code = 'import face_affect.core.pipeline, sys; print(*sys.modules)'
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tops = {name.split('.')[0] for name in done.stdout.split()}
    assert 'face_affect' in tops
    assert not tops & {'rclpy', 'rosbags', 'matplotlib', 'torch', 'tensorflow', 'training'}
