# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import shutil

import cv2
import numpy as np
import pytest
from test_datasets import encoded, noise, write_fairface, write_fer

from face_affect.core.models import find_model, Head, Sidecar, write_sidecar
from training.card import facts, write_card
from training.data.evaluation_sets import find_evaluation_sets
from training.data.faces import DatasetError
from training.data.loading import task_of
from training.data.scenes import save_scenes, Scene
from training.evaluation import classifier_card
from training.evaluation.markdown import END, START, with_measured


def sidecar_trained_on(name: str, task: str, data: str) -> Sidecar:
    sidecar = find_model(name, task)
    recipe = {**sidecar.training['recipe'], 'data': data}
    return replace(sidecar, training={**sidecar.training, 'recipe': recipe})


def with_one_head(sidecar: Sidecar) -> Sidecar:
    recipe = {**sidecar.training['recipe'], 'heads': {'labels': {'votes': 0.0}}}
    training = {**sidecar.training, 'recipe': recipe}
    return replace(sidecar, heads=(), head=None, training=training)


@pytest.mark.parametrize(
    'page',
    ['', START, END, f'{END}\n{START}{START}', f'{START}{START}{END}', f'{START}{END}{END}'],
)
def test_page_without_a_place(page: str) -> None:
    with pytest.raises(ValueError, match='must have one of each'):
        with_measured(page, 'new')


def test_what_is_written_by_hand_stays() -> None:
    page = f'# Title\n\nby hand\n\n{START}\nold\n{END}\n\n## More\nby hand, too\n'
    once = with_measured(page, 'new')
    assert once == (f'# Title\n\nby hand\n\n{START}\n\nnew\n\n{END}\n\n## More\nby hand, too\n')
    assert with_measured(once, 'new') == once


class TestTestSets:
    def test_of_what_it_was_trained_on_only_what_is_held_out(self, tmp_path: Path) -> None:
        usage = (np.arange(200) % 2).astype(np.uint8)
        votes = np.zeros((200, 10), np.uint8)
        votes[:, 1] = 10  # happiness
        votes[1::4] = [0] * 9 + [10]  # no face
        write_fer(tmp_path / 'known.npz', usage=usage, ferplus_votes=votes)
        write_fer(tmp_path / 'another.npz', usage=usage)
        write_fairface(tmp_path / 'gender.npz')
        (tmp_path / 'notes.txt').write_text('no picture set')
        sidecar = with_one_head(
            sidecar_trained_on('emotion_mini_xception', 'emotion', 'known.npz')
        )
        tests = {test.title: test for test in find_evaluation_sets(sidecar, tmp_path)}
        assert list(tests)[:3] == [
            'known, held-out tenth',
            'known, held-out tenth, FER+ majority',
            'known, PublicTest',
        ]
        assert 'another, PublicTest' in tests
        assert not any(title.startswith('gender') for title in tests)
        assert 'another, held-out tenth' not in tests
        held_out = tests['known, held-out tenth'].faces
        assert set(held_out.groups['usage']) == {'Training'}
        assert (held_out.keys % 10 == 0).all()
        voters = tests['known, PublicTest, FER+ majority'].faces
        assert set(voters.labels) == {3}
        assert len(voters) == 50
        assert len(tests['known, PublicTest'].faces) == 100

    def test_each_label_function_is_tested_by_its_head(self, tmp_path: Path) -> None:
        votes = np.zeros((200, 10), np.uint8)
        votes[:, 1] = 10  # happiness
        write_fer(tmp_path / 'known.npz', usage=np.arange(200) % 2, ferplus_votes=votes)
        sidecar = replace(
            sidecar_trained_on('emotion_mini_xception', 'emotion', 'known.npz'),
            heads=(Head('votes', 1.0), Head('original', 1.0)),
            head='votes',
        )
        sidecar.training['recipe']['heads'] = {'votes': {'votes': 1.0}, 'original': {'votes': 0}}
        tests = find_evaluation_sets(sidecar, tmp_path)
        assert [(test.title, test.sidecar.head, test.whole) for test in tests[:4]] == [
            ('known, held-out tenth, FER+ majority', 'votes', True),
            ('known, held-out tenth', 'original', True),
            ('known, PublicTest, FER+ majority', 'votes', True),
            ('known, PublicTest', 'original', True),
        ]
        assert set(tests[2].faces.labels) == {3}
        assert set(tests[3].faces.labels) == set(range(7))

    def test_ages(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        ages = np.array(['0-2', '20-29', '60-69', 'more than 70'])
        write_fairface(
            tmp_path / 'known.npz',
            200,
            age_names=ages,
            age=rng.integers(0, 4, 200).astype(np.uint8),
        )
        write_fairface(
            tmp_path / 'other.npz', 30, age_names=None, age=np.arange(30, dtype=np.uint8)
        )
        sidecar = sidecar_trained_on('gender_mini_xception', 'gender', 'known.npz')
        whole, adults, other, other_adults = find_evaluation_sets(sidecar, tmp_path)
        assert whole.title == 'known, held-out tenth'
        assert 0 < len(whole.faces) < 60
        assert set(adults.faces.groups['age']) <= {'20-29', '60-69'}
        assert (other.title, len(other.faces), len(other_adults.faces)) == ('other', 30, 12)
        assert [test.whole for test in (whole, adults, other)] == [True, False, True]

    def test_none(self, tmp_path: Path) -> None:
        write_fer(tmp_path / 'a.npz', 5)
        sidecar = sidecar_trained_on('gender_mini_xception', 'gender', 'known.npz')
        assert find_evaluation_sets(sidecar, tmp_path) == []
        with pytest.raises(DatasetError, match='no test set for gender'):
            write_card(sidecar, tmp_path, tmp_path / 'docs')


def test_task_of(tmp_path: Path) -> None:
    np.savez(tmp_path / 'scenes.npz', **encoded(noise(1)), boxes=np.zeros((1, 4)))
    (tmp_path / 'broken.npz').write_bytes(b'no archive')
    (tmp_path / 'faces' / 'male').mkdir(parents=True)
    assert task_of(write_fer(tmp_path / 'a.npz', 2)) == 'emotion'
    assert task_of(write_fairface(tmp_path / 'b.npz', 2)) == 'gender'
    assert task_of(tmp_path / 'fer2013.csv') == 'emotion'
    assert task_of(tmp_path / 'faces') == 'gender'
    assert task_of(tmp_path) is None
    assert task_of(tmp_path / 'scenes.npz') is None
    assert task_of(tmp_path / 'broken.npz') is None


def test_facts_are_the_sidecars() -> None:
    sidecar = find_model('emotion_mini_residual', 'emotion')
    text = facts(sidecar)
    for value in (
        f'{sidecar.parameters:,}',
        f'{sidecar.training["pictures"]:,} pictures',
        '48x48 gray',
        sidecar.training['data'],
        'recipes/emotion_mini_residual.yaml',
    ):
        assert value in text


def test_an_average_names_its_members() -> None:
    recipe = {'name': 'a', 'average_of': {'b': 1.0, 'c': 3.0}}
    sidecar = replace(find_model('emotion_mini_residual', 'emotion'), training={'recipe': recipe})
    text = facts(sidecar)
    assert '`training/recipes/a.yaml`: the weighted mean of trained weights' in text
    assert '25.0 % of `b`, 75.0 % of `c`' in text


class TestClassifierCard:
    def test_card(
        self, tmp_path: Path, demo_face: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ('ROBUSTNESS_PICTURES', 'GLASSES_PICTURES', 'SIZE_PICTURES'):
            monkeypatch.setattr(classifier_card, name, 2)
        # Shifted in brightness, so that the pictures are not copies of each other.
        images = [
            np.clip(demo_face.astype(int) + shift, 0, 255).astype(np.uint8)
            for shift in range(-15, 15)
        ]
        data = tmp_path / 'data'
        data.mkdir()
        write_fer(
            data / 'other.npz',
            30,
            **encoded(images),
            labels=np.full(30, 6, np.uint8),
            usage=np.ones(30, np.uint8),
        )
        sidecar = find_model('emotion_mini_residual', 'emotion')
        card = write_card(sidecar, data, tmp_path / 'docs')
        page = card.read_text()
        assert page.startswith('# emotion_mini_residual\n')
        assert '| other, PublicTest | original | 30 |' in page
        assert '### By roll, end to end' in page
        assert '| face_detector | 30° |' in page
        assert '## Prohibited uses' in page
        for name in ('confusion', 'coverage', 'face_sizes'):
            picture = tmp_path / 'docs' / 'images' / f'emotion_mini_residual_{name}.png'
            assert f'(../images/{picture.name})' in page
            assert cv2.imread(str(picture)).std() > 0
        card.write_text(
            page.replace('# emotion_mini_residual\n', '# by hand\n').replace(
                '| other, PublicTest | original | 30 |', 'spoilt'
            )
        )
        assert write_card(sidecar, data, tmp_path / 'docs').read_text() == page.replace(
            '# emotion_mini_residual\n', '# by hand\n'
        )


def test_detector_card(
    tmp_path: Path, demo_face: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = cv2.copyMakeBorder(
        cv2.resize(demo_face, (96, 96)), 72, 72, 112, 112, cv2.BORDER_REPLICATE
    )
    rows = []
    for shift in range(-20, 20):
        shifted = np.clip(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR).astype(int) + shift, 0, 255)
        boxes = np.array([(120, 78, 80, 88)] if shift % 2 else [], np.float32).reshape(-1, 4)
        points = np.zeros((len(boxes), 5, 2), np.float32) + 130
        _, part = cv2.imencode('.png', shifted.astype(np.uint8))
        rows.append(
            (
                part.ravel(),
                Scene(shifted.astype(np.uint8), boxes, points, np.zeros(len(boxes), bool), 'made'),
            )
        )
    save_scenes(tmp_path / 'face_scenes.npz', rows)
    sidecar = find_model('face_detector', 'face_detection')
    other = replace(sidecar, path=tmp_path / 'other.json', name='other')
    write_sidecar(other)
    shutil.copy(sidecar.tflite, other.tflite)
    monkeypatch.setattr('face_affect.core.models.models_folder', lambda: tmp_path)
    shutil.copytree(Path(__file__).parents[2] / 'docs' / 'models', tmp_path / 'docs' / 'models')
    page = write_card(sidecar, tmp_path, tmp_path / 'docs').read_text()
    assert "face_detector at 0.60 (the node's default)" in page
    assert '| other at ' in page
    assert '| made | ' in page
    assert '\n| 0° | ' in page and '\n| 180° | ' in page
    assert '## Where it fails' in page
    assert (tmp_path / 'docs' / 'images' / 'face_detector_curves.png').exists()
