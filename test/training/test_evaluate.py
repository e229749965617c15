# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

import cv2
from demo_bag import ROOT
import numpy as np
from numpy.typing import NDArray
import pytest
from test_datasets import encoded, write_fairface, write_fer

from face_affect.core.faces import EMOTIONS
from face_affect.core.models import find_model
from training.data.faces import DatasetError
from training.data.loading import load_faces
from training.evaluate import PARTS
from training.evaluation.classification_metrics import (
    accuracy_of,
    confusion_matrix,
    coverage_curve,
    expected_calibration_error,
    macro_f1,
    wilson_interval,
)
from training.evaluation.classifier_evaluation import evaluate, select
from training.evaluation.inference import probabilities_of


@pytest.mark.parametrize(
    'hits, total, low, high',
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (650, 1000, 0.6199, 0.6789),
    ],
)
def test_wilson_interval(hits: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(hits, total) == pytest.approx((low, high), abs=1e-4)


def test_confusion_matrix() -> None:
    found = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 4)
    np.testing.assert_array_equal(found, [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    'confusion, expected',
    [
        ([[5, 0], [0, 5]], 1.0),
        ([[0, 5], [5, 0]], 0.0),
        # Precision 3/4 and 4/6, recall 3/5 and 4/5.
        ([[3, 2], [1, 4]], (2 / 3 + 8 / 11) / 2),
        # The third class does not occur, but is found once.
        ([[4, 0, 1], [0, 5, 0], [0, 0, 0]], (8 / 9 + 1) / 2),
    ],
)
def test_macro_f1(confusion: list[list[int]], expected: float) -> None:
    assert macro_f1(np.array(confusion)) == pytest.approx(expected)


@pytest.mark.parametrize(
    'confidence, hits, expected',
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [False, False], 1.0),
        ([0.8] * 5, [True] * 4 + [False], 0.0),
        ([0.8] * 5, [True] * 2 + [False] * 3, 0.4),
        # Two bins, gaps 0.1 and 0.4, equally heavy.
        ([0.9, 0.9, 0.6, 0.6], [True, True, True, True], 0.25),
        ([0.55, 0.95], [True, False], (0.45 + 0.95) / 2),
    ],
)
def test_expected_calibration_error(
    confidence: list[float], hits: list[bool], expected: float
) -> None:
    probabilities = np.array([[value, 1 - value] for value in confidence], np.float32)
    labels = np.array([0 if hit else 1 for hit in hits])
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-6)


def test_accuracy() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], np.float32)
    assert accuracy_of(scores, np.array([0, 1, 1])) == pytest.approx(2 / 3)


def test_coverage_curve() -> None:
    probabilities = np.array([[0.92, 0.08], [0.72, 0.28], [0.6, 0.4], [0.48, 0.52]], np.float32)
    curve = {
        row['min_confidence']: (row['answered'], row['accuracy'])
        for row in coverage_curve(probabilities, np.array([0, 1, 0, 1]))
    }
    assert curve[0.0] == curve[0.5] == (1.0, 0.75)
    assert curve[0.55] == (0.75, pytest.approx(2 / 3))
    assert curve[0.7] == (0.5, 0.5)
    assert curve[0.9] == (0.25, 1.0)
    assert curve[0.95] == (0.0, None)


class TestEvaluate:
    def test_labels_of_its_own_are_all_right(self, tmp_path: Path) -> None:
        model = find_model('emotion_mini_xception', 'emotion')
        faces = load_faces(write_fer(tmp_path / 'a.npz', 40))
        own = probabilities_of(model, faces.images).argmax(axis=1)
        faces = load_faces(write_fer(tmp_path / 'b.npz', 40, labels=own.astype(np.uint8)))
        figures = evaluate(model, faces)
        assert (figures['accuracy'], figures['macro_f1'], figures['count']) == (1.0, 1.0, 40)
        assert np.trace(figures['confusion']) == 40
        assert figures['low'] == pytest.approx(wilson_interval(40, 40)[0])

    def test_figures_fit_together(self, tmp_path: Path) -> None:
        model = find_model('emotion_mini_xception', 'emotion')
        figures = evaluate(model, load_faces(write_fer(tmp_path / 'a.npz', 60)))
        assert figures['labels'] == list(EMOTIONS)
        confusion = np.array(figures['confusion'])
        assert confusion.sum() == 60
        assert np.trace(confusion) / 60 == pytest.approx(figures['accuracy'])
        for i, name in enumerate(EMOTIONS):
            assert figures['recall'][name]['count'] == confusion[i].sum()
            assert figures['recall'][name]['accuracy'] == pytest.approx(
                confusion[i, i] / confusion[i].sum()
            )
        assert figures['groups']['usage=Training']['accuracy'] == figures['accuracy']
        assert json.loads(json.dumps(figures)) == figures

    def test_gender(self, tmp_path: Path) -> None:
        model = find_model('gender_mini_xception', 'gender')
        figures = evaluate(model, load_faces(write_fairface(tmp_path / 'f.npz')))
        assert figures['labels'] == ['female', 'male']
        by_gender = [figures['groups'][f'gender={name}'] for name in ('female', 'male')]
        assert sum(row['count'] for row in by_gender) == 30

    def test_other_task(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match='is for gender, but the images have emotion'):
            evaluate(
                find_model('gender_mini_xception', 'gender'),
                load_faces(write_fer(tmp_path / 'a.npz', 5)),
            )

    def test_nothing_left(self, tmp_path: Path) -> None:
        faces = load_faces(write_fer(tmp_path / 'a.npz', 5))
        with pytest.raises(DatasetError, match='selected part has no images'):
            evaluate(find_model('emotion_mini_xception', 'emotion'), select(faces, 'PublicTest'))


@pytest.mark.parametrize('part', PARTS)
def test_select(tmp_path: Path, part: str) -> None:
    usage = (np.arange(200) % 2).astype(np.uint8)
    faces = load_faces(write_fer(tmp_path / 'a.npz', usage=usage))
    found = select(faces, part)
    if part == 'all':
        assert len(found) == 200
    elif part == 'PublicTest':
        assert set(found.groups['usage']) == {'PublicTest'}
        assert len(found) == 100
    elif part == 'PrivateTest':
        assert len(found) == 0
    else:
        assert set(found.groups['usage']) == {'Training'}
        other = select(faces, 'training' if part == 'validation' else 'validation')
        assert len(found) + len(other) == 100


def test_select_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match='no part PublicTest'):
        select(load_faces(write_fairface(tmp_path / 'f.npz')), 'PublicTest')


class TestCommandLine:
    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', 'training.evaluate', *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_json(self, tmp_path: Path) -> None:
        data = write_fer(tmp_path / 'a.npz', 20)
        done = self.run(
            '--model', 'models/emotion_mini_xception.json', '--data', str(data), '--json'
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)['count'] == 20

    def test_all_that_can_be_measured(self, tmp_path: Path, demo_face: NDArray[np.uint8]) -> None:
        images = [
            np.clip(demo_face.astype(int) + shift, 0, 255).astype(np.uint8) for shift in (-9, 0, 9)
        ]
        data = write_fairface(tmp_path / 'a.npz', 3, **encoded(images))
        pictures = [tmp_path / name for name in ('confusion.png', 'coverage.png', 'sizes.png')]
        done = self.run(
            '--model',
            'models/gender_mini_residual.json',
            '--data',
            str(data),
            '--json',
            '--robustness',
            '--detector',
            'face_detector',
            *(
                f'{option}={picture}'
                for option, picture in zip(('--confusion', '--coverage', '--face-sizes'), pictures)
            ),
        )
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout)
        assert figures['robustness']['unchanged']['accuracy'] == figures['accuracy']
        assert figures['dark_glasses']['count'] == 3
        sizes = figures['face_sizes']['face_detector']
        assert [row['size'] for row in sizes] == [16, 24, 32, 48, 64, 96, 128, 200]
        assert sizes[-1]['found'] == 1
        assert all(cv2.imread(str(picture)).std() > 0 for picture in pictures)

    @pytest.mark.parametrize(
        'model, data',
        [
            ('models/none.json', 'a.npz'),
            ('models/emotion_mini_xception.json', 'none.npz'),
            ('models/gender_mini_xception.json', 'a.npz'),
        ],
    )
    def test_error(self, tmp_path: Path, model: str, data: str) -> None:
        write_fer(tmp_path / 'a.npz', 5)
        done = self.run('--model', model, '--data', str(tmp_path / data))
        assert done.returncode == 2
        assert 'error: ' in done.stderr
        assert 'Traceback' not in done.stderr
