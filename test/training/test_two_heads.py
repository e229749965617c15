# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest
from test_datasets import write_fer

torch = pytest.importorskip('torch', reason='training needs PyTorch')
pytest.importorskip('tensorflow', reason='the export needs TensorFlow')

import yaml  # noqa: E402

from face_affect.core.models import read_sidecar  # noqa: E402
from face_affect.core.saliency import Saliency  # noqa: E402
from training.data.loading import load_faces  # noqa: E402
from training.evaluation.inference import probabilities_of  # noqa: E402

ROOT = Path(__file__).parents[2]
RECIPE = {
    'name': 'emotion_own',
    'task': 'emotion',
    'architecture': 'mini_residual',
    'heads': {'votes': {'votes': 1.0, 'weight': 0.7}, 'original': {'label_smoothing': 0.05}},
    'data': 'fer.npz',
    'data_licence': 'made',
    'input_size': 48,
    'epochs': 2,
    'batch': 32,
}


def run(program: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, '-m', f'training.{program}', *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a recipe of two heads, its data, the run, and the model."""
    folder = tmp_path_factory.mktemp('two_heads')
    rng = np.random.default_rng(2)
    votes = rng.multinomial(10, [0.1] * 10, 200).astype(np.uint8)
    usage = (np.arange(200) % 4 == 0).astype(np.uint8)
    write_fer(folder / 'fer.npz', 200, ferplus_votes=votes, usage=usage)
    (folder / 'own.yaml').write_text(yaml.safe_dump(RECIPE, sort_keys=False))
    options = ('--data', folder, '--runs', folder / 'runs')
    run('train', folder / 'own.yaml', *options)
    run('quantise', folder / 'own.yaml', *options, '--models', folder)
    run('saliency', 'emotion_own', '--data', folder, '--models', folder)
    return folder


def test_validation_by_head(folder: Path) -> None:
    header, *rows = (folder / 'runs' / 'emotion_own' / 'curves.csv').read_text().splitlines()
    assert {'val_accuracy_votes', 'val_accuracy_original'} <= set(header.split(','))
    assert len(rows) == 2


def test_the_same_command_goes_on(folder: Path) -> None:
    """What is trained is not trained again."""
    weights = folder / 'runs' / 'emotion_own' / 'weights.pt'
    before = torch.load(weights, weights_only=True)
    run('train', folder / 'own.yaml', '--data', folder, '--runs', folder / 'runs')
    after = torch.load(weights, weights_only=True)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_sidecar_names_the_heads(folder: Path) -> None:
    sidecar = read_sidecar(folder / 'emotion_own.json')
    assert [head.name for head in sidecar.heads] == ['votes', 'original']
    assert all(head.temperature > 0 for head in sidecar.heads)
    assert {'validation_votes', 'validation_float_original'} <= set(sidecar.accuracy)
    found = probabilities_of(sidecar, load_faces(folder / 'fer.npz').images[:3])
    assert found.shape == (3, 7)


def test_evaluation_against_both(folder: Path) -> None:
    model, data = folder / 'emotion_own.json', folder / 'fer.npz'
    figures = json.loads(run('evaluate', '--model', model, '--data', data, '--json'))
    sidecar, faces = read_sidecar(model), load_faces(data)
    original = probabilities_of(sidecar.with_head('original'), faces.images).argmax(1)
    votes = probabilities_of(sidecar, faces.images).argmax(1)[faces.has_majority]
    assert figures['accuracy'] == pytest.approx((original == faces.labels).mean())
    assert figures['ferplus_accuracy'] == pytest.approx(
        (votes == faces.by_majority().labels).mean()
    )
    assert (figures['count'], figures['ferplus_count']) == (200, len(votes))
    assert (figures['head'], figures['ferplus']['head']) == ('original', 'votes')


def test_each_head_is_explained(folder: Path) -> None:
    sidecar = read_sidecar(folder / 'emotion_own.json')
    crop = load_faces(folder / 'fer.npz').images[0]
    maps = [Saliency(sidecar.with_head(name))(crop, 'happy') for name in ('votes', 'original')]
    assert all(np.abs(found).max() > 0 for found in maps)
    assert not np.array_equal(*maps)
