# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import hashlib
import json
import os
from pathlib import Path
import shutil
from types import SimpleNamespace
from typing import Any

import pytest

from face_affect.core import models, runtime
from face_affect.core.classification import Classifier
from face_affect.core.detection import load_detector
from face_affect.core.faces import EMOTIONS, GENDERS
from face_affect.core.models import (
    available_models,
    CropGeometry,
    find_detector,
    find_model,
    InputFormat,
    ModelError,
    models_folder,
    read_sidecar,
    Sidecar,
    write_sidecar,
)
from face_affect.core.runtime import Network

EMOTION = 'emotion_mini_xception'
DETECTOR = 'face_detector'


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the emotion model's sidecar, its network beside it."""
    for suffix in ('.json', '.tflite'):
        shutil.copy(models_folder() / f'{EMOTION}{suffix}', tmp_path)
    return tmp_path / f'{EMOTION}.json'


def altered(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


@pytest.mark.parametrize('sidecar', available_models(), ids=lambda sidecar: sidecar.name)
class TestBundledModels:
    def test_loads(self, sidecar: Sidecar) -> None:
        assert Network(sidecar).output_shapes

    def test_is_described(self, sidecar: Sidecar) -> None:
        assert sidecar.path.stem == sidecar.name
        assert sidecar.licence
        assert sidecar.parameters > 0
        assert sidecar.macs > 0
        assert sidecar.training

    def test_round_trip(self, sidecar: Sidecar, tmp_path: Path) -> None:
        moved = replace(sidecar, path=tmp_path / sidecar.path.name)
        write_sidecar(moved)
        assert read_sidecar(moved.path) == moved
        assert moved.path.read_text() == sidecar.path.read_text()


@pytest.mark.parametrize('task', models.MODEL_TASKS)
def test_every_task_has_a_model(task: str) -> None:
    assert task in {sidecar.task for sidecar in available_models()}


@pytest.mark.parametrize(
    'text, reason',
    [
        ('', 'not usable'),
        ('{', 'not usable'),
        ('[]', 'not usable'),
        ('null', 'not usable'),
        ('{"name": "face_detector"}', "not usable: key '"),
        ('3', 'not usable'),
        ('{}', 'labels'),
        ('\ud800', None),
    ],
)
def test_bad_json(tmp_path: Path, text: str, reason: str | None) -> None:
    path = tmp_path / 'bad.json'
    path.write_bytes(text.encode('utf-8', 'surrogatepass'))
    with pytest.raises(ModelError, match=reason):
        read_sidecar(path)


@pytest.mark.parametrize(
    'changes, reason',
    [
        ({'colour': 'green'}, 'colour'),
        ({'task': 'age'}, "task is 'age'"),
        ({'temperature': 0, 'heads': []}, 'temperature is 0, but must be'),
        ({'temperature': float('nan')}, 'NaN is not JSON'),
        ({'temperature': float('inf')}, 'Infinity is not JSON'),
        (
            {'temperature': 1e-320, 'heads': []},
            'temperature is 1e-320, but must be from 0.01 to 100',
        ),
        ({'temperature': 1e9, 'heads': []}, 'temperature is 1000000000.0, but must be'),
        ({'accuracy': {'a test': float('-inf')}}, '-Infinity is not JSON'),
        ({'temperature': 'warm'}, 'not usable'),
        ({'heads': [{'name': 'votes', 'temperature': 0}]}, 'temperature is 0'),
        (
            {'temperature': 1.0, 'heads': [{'name': 'votes', 'temperature': 1.0}]},
            'temperature and heads exclude each other',
        ),
        ({'heads': [{'name': 'votes'}]}, "missing .*'temperature'"),
        ({'heads': [{'name': 'a b', 'temperature': 1.0}]}, 'must be distinct words'),
        ({'heads': [{'name': 'a', 'temperature': 1.0}] * 2}, 'must be distinct words'),
        ({'heads': [{'name': 3, 'temperature': 1.0}]}, 'not usable'),
        ({'heads': {'votes': 1.0}}, 'not usable'),
        ({'head': 'votes'}, 'head and heads exclude each other'),
        (
            {'head': 'votes', 'temperature': 1.0, 'heads': []},
            "head is 'votes', but must be one of",
        ),
        ({'labels': 3}, 'not usable'),
        ({'input': None}, 'not usable'),
        ({'input': {'width': 64}}, 'missing'),
        ({'crop': {DETECTOR: {'scale': 50}}}, 'scale must be from 0.2 to 5'),
        ({'crop': {DETECTOR: {'size': 1}}}, 'size'),
        ({'crop': []}, 'not usable'),
        ({'name': ''}, 'must be a word'),
        ({'name': 'a\nb'}, r"name is 'a\\nb', but must be a word"),
        ({'name': 'x' * 65}, 'must be a word'),
        ({'name': 3}, 'not usable'),
        ({'sha256': 'abc'}, "sha256 is 'abc', but must be 64 hexadecimal digits"),
        ({'sha256': 0}, 'not usable'),
        ({'decoder': 'cells'}, r"unknown keys \['decoder'\]: remove them"),
        ({'labels': ['yes', 'no']}, 'but must be .*angry'),
        ({'labels': [*reversed(EMOTIONS)]}, 'but must be'),
        (
            {'input': {'width': 64.0, 'height': 64, 'colour': 'gray', 'scale': 1, 'offset': 0}},
            'must be whole numbers',
        ),
        (
            {
                'input': {
                    'width': 64,
                    'height': 64,
                    'colour': 'gray',
                    'scale': 1e300,
                    'offset': 0,
                }
            },
            'must be whole numbers',
        ),
        (
            {'input': {'width': 64, 'height': 64, 'colour': 'gray', 'scale': '1', 'offset': 0}},
            'not usable',
        ),
    ],
)
def test_wrong_value(copy: Path, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        read_sidecar(altered(copy, **changes))


HEADS = [{'name': 'votes', 'temperature': 1.5}, {'name': 'original', 'temperature': 0.5}]


class TestHeads:
    def test_the_first_answers(self, copy: Path) -> None:
        sidecar = read_sidecar(altered(copy, heads=HEADS))
        assert (sidecar.head, sidecar.temperature) == ('votes', 1.5)
        assert (sidecar.logits, sidecar.answer) == (14, slice(0, 7))

    @pytest.mark.parametrize('name', [EMOTION, 'path'])
    def test_another_is_selected_by_name(
        self, copy: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        altered(copy, heads=HEADS)
        monkeypatch.setattr(models, 'models_folder', lambda: copy.parent)
        name = str(copy) if name == 'path' else name
        sidecar = find_model(f'{name}:original', 'emotion')
        assert (sidecar.head, sidecar.temperature) == ('original', 0.5)
        assert sidecar.answer == slice(7, 14)
        assert find_model(f'{name}:votes', 'emotion') == find_model(name, 'emotion')

    def test_written_as_read(self, copy: Path) -> None:
        sidecar = read_sidecar(altered(copy, heads=HEADS))
        write_sidecar(sidecar.with_head('original'))
        assert read_sidecar(copy) == sidecar
        assert json.loads(copy.read_text())['heads'] == HEADS

    @pytest.mark.parametrize(
        'heads, reason',
        [
            (HEADS, "no head 'mood'; it has votes, original"),
            ([], "no head 'mood'; it has a single, unnamed one"),
        ],
    )
    def test_unknown(self, copy: Path, heads: list[Any], reason: str) -> None:
        altered(copy, heads=heads)
        with pytest.raises(ModelError, match=reason):
            find_model(f'{copy}:mood', 'emotion')

    def test_the_network_lacks_one(self, copy: Path) -> None:
        sidecar = read_sidecar(altered(copy, heads=[*HEADS, {'name': 'x', 'temperature': 1.0}]))
        with pytest.raises(
            ModelError, match=r'but needs \[\(1, 21\)\] for its 7 labels by 3 heads'
        ):
            Classifier(sidecar, DETECTOR)


@pytest.mark.parametrize('key', ['name', 'task', 'sha256', 'labels', 'input', 'licence', 'macs'])
def test_missing_key(copy: Path, key: str) -> None:
    values = json.loads(copy.read_text())
    del values[key]
    copy.write_text(json.dumps(values))
    with pytest.raises(ModelError, match=key):
        read_sidecar(copy)


def test_deep_json(tmp_path: Path) -> None:
    path = tmp_path / 'deep.json'
    path.write_text('[' * 100_000)
    with pytest.raises(ModelError, match='not usable'):
        read_sidecar(path)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**33)


def make_endless(path: Path) -> None:
    path.symlink_to('/dev/zero')


@pytest.mark.parametrize(
    'make, reason',
    [
        (Path.mkdir, 'directory'),
        (make_fifo, 'not a regular file'),
        (make_huge, 'longer than'),
        (make_endless, 'not a regular file'),
    ],
)
@pytest.mark.parametrize('suffix', ['.json', '.tflite'])
def test_file_is_no_file(
    copy: Path, suffix: str, make: Callable[[Path], None], reason: str
) -> None:
    path = copy.with_suffix(suffix)
    path.unlink()
    make(path)
    with pytest.raises(ModelError, match=reason):
        Network(read_sidecar(copy))


def test_what_was_hashed_is_what_runs(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Swap the file between the two: what is loaded must not come from the disk again."""
    loaded = []

    class Interpreter:
        def __init__(self, model_content: bytes, num_threads: int) -> None:
            loaded.append(model_content)
            raise ValueError('seen')

    def swap() -> SimpleNamespace:
        copy.with_suffix('.tflite').write_bytes(b'another')
        return SimpleNamespace(Interpreter=Interpreter)

    sidecar = read_sidecar(copy)
    monkeypatch.setattr(runtime, '_interpreter_module', swap)
    with pytest.raises(ModelError, match='seen'):
        Network(sidecar)
    assert copy.with_suffix('.tflite').read_bytes() == b'another'
    assert [hashlib.sha256(content).hexdigest() for content in loaded] == [sidecar.sha256]


def test_missing_sidecar(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='No such file'):
        read_sidecar(tmp_path / 'none.json')


def test_missing_network(copy: Path) -> None:
    copy.with_suffix('.tflite').unlink()
    with pytest.raises(ModelError, match='No such file'):
        Network(read_sidecar(copy))


def test_altered_network(copy: Path) -> None:
    network = copy.with_suffix('.tflite')
    content = bytearray(network.read_bytes())
    content[len(content) // 2] ^= 1
    network.write_bytes(content)
    with pytest.raises(ModelError, match='altered'):
        Network(read_sidecar(copy))


@pytest.mark.parametrize('content', [b'', b'TFL3', b'no network' * 100])
def test_file_is_no_network(copy: Path, content: bytes) -> None:
    copy.with_suffix('.tflite').write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(ModelError, match='the runtime cannot load'):
        Network(read_sidecar(altered(copy, sha256=digest)))


@pytest.mark.parametrize('change', [{'width': 48, 'height': 48}, {'width': 32}, {'colour': 'rgb'}])
def test_wrong_input_shape(copy: Path, change: dict[str, Any]) -> None:
    values = json.loads(copy.read_text())['input']
    with pytest.raises(ModelError, match='sidecar says'):
        Network(read_sidecar(altered(copy, input={**values, **change})))


def test_labels_do_not_fit_the_outputs(copy: Path) -> None:
    with pytest.raises(ModelError, match='2 labels'):
        Classifier(read_sidecar(altered(copy, task='gender', labels=GENDERS)), DETECTOR)


def test_unknown_detector(copy: Path) -> None:
    with pytest.raises(ModelError, match="no crop geometry for detector 'other'"):
        Classifier(read_sidecar(copy), 'other')


def test_classifier_is_no_detector(copy: Path) -> None:
    with pytest.raises(ModelError, match='not those of an anchor-free detector, which has'):
        load_detector(read_sidecar(copy))


def test_find_by_name_and_by_path(copy: Path) -> None:
    assert find_model(EMOTION, 'emotion').name == EMOTION
    assert find_model(str(copy), 'emotion').path == copy


@pytest.fixture
def detectors(tmp_path: Path) -> Path:
    """Return the sidecar of a copy of the detector, its variants of 480 and 640 beside it."""
    for name in ('face_detector', 'face_detector_480', 'face_detector_640'):
        for suffix in ('.json', '.tflite'):
            shutil.copy(models_folder() / f'{name}{suffix}', tmp_path)
    return tmp_path / 'face_detector.json'


class TestFindDetector:
    @pytest.mark.parametrize(
        'width, name, height', [(320, '', 240), (480, '_480', 368), (640, '_640', 496)]
    )
    def test_variants(self, detectors: Path, width: int, name: str, height: int) -> None:
        for model in ('face_detector', str(detectors)):
            found = find_detector(model, width)
            assert found.name == f'face_detector{name}'
            assert (found.input.width, found.input.height) == (width, height)
            assert found.calibrated_as == 'face_detector'

    def test_missing_variant(self, detectors: Path) -> None:
        (detectors.parent / 'face_detector_extra.json').touch()
        with pytest.raises(
            ModelError,
            match=r'no variant for detection_width 400: .*face_detector_400\.json does not exist; '
            'set detection_width to 320 or 480 or 640, or',
        ):
            find_detector(str(detectors), 400)

    @pytest.mark.parametrize(
        'changes',
        [
            {'training': {'sha256': '0' * 64}},
            {'training': {}},
            {'variant_of': 'another'},
            {'task': 'emotion', 'labels': EMOTIONS},
        ],
    )
    def test_variant_of_another_version(self, detectors: Path, changes: dict[str, Any]) -> None:
        altered(detectors.with_name('face_detector_480.json'), **changes)
        with pytest.raises(
            ModelError, match='480 is not a variant of this version of face_detector'
        ):
            find_detector(str(detectors), 480)
        assert find_detector(str(detectors), 640)

    def test_variant_of_another_width(self, detectors: Path) -> None:
        shutil.copy(
            detectors.with_name('face_detector_640.json'),
            detectors.with_name('face_detector_480.json'),
        )
        with pytest.raises(
            ModelError, match='an input width of 640 pixels, but its name says 480'
        ):
            find_detector(str(detectors), 480)


@pytest.mark.parametrize(
    'name',
    [
        '',
        '.',
        '..',
        'none',
        f'../models/{EMOTION}',
        f'./{EMOTION}',
        f'x/../{EMOTION}',
        f'{EMOTION}.json',
        '*',
        'a\0b',
        'x' * 1000,
        '~',
    ],
)
def test_unknown_name(name: str) -> None:
    with pytest.raises(ModelError, match=f'no model.*available are.*{EMOTION}'):
        find_model(name, 'emotion')


@pytest.mark.parametrize(
    'name',
    [
        '/none/model.json',
        '/',
        '/' + 'x' * 1000,
        '/etc/passwd',
        '/a\0b',
        '/dev/null',
        '/dev/stdin',
        '/proc/self/mem',
        '/\ud800',
    ],
)
def test_unknown_path(name: str) -> None:
    with pytest.raises(ModelError):
        find_model(name, 'emotion')


@pytest.mark.parametrize('task', ['gender', 'face_detection'])
def test_wrong_task(task: str) -> None:
    with pytest.raises(ModelError, match=f'is for emotion, not for {task}'):
        find_model(EMOTION, task)


@pytest.mark.parametrize(
    'values',
    [
        (0.1, 0, 0),
        (6, 0, 0),
        (1, 1.1, 0),
        (1, 0, -1.1),
        (float('nan'), 0, 0),
        (1, float('nan'), 0),
    ],
)
def test_impossible_geometry(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match='scale must be from'):
        CropGeometry(*values)


@pytest.mark.parametrize(
    'width, height, colour',
    [(0, 64, 'gray'), (64, 5000, 'gray'), (-64, 64, 'rgb'), (64, 64, 'bgr')],
)
def test_impossible_input(width: int, height: int, colour: str) -> None:
    with pytest.raises(ValueError):
        InputFormat(width, height, colour, 1.0, 0.0)
