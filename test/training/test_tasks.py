# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from test_datasets import write_fer

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from training.models.architectures import build  # noqa: E402
from training.recipe import Head, Recipe, RecipeError  # noqa: E402
from training.tasks import load_task  # noqa: E402
from training.tasks.face_detection import detector_size  # noqa: E402


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with 40 made gray pictures in the form of FairFace."""
    rng = np.random.default_rng(0)
    encoded = [
        cv2.imencode('.png', rng.integers(0, 256, (80, 80), dtype=np.uint8))[1].ravel()
        for _ in range(40)
    ]
    np.savez(
        tmp_path / 'faces.npz',
        encoded=np.concatenate(encoded),
        offsets=np.cumsum([0, *map(len, encoded)]),
        gender=rng.integers(0, 2, 40),
        gender_names=['male', 'female'],
        race=np.zeros(40, int),
        race_names=['one'],
        age=np.zeros(40, int),
        age_names=['all'],
    )
    return tmp_path


def recipe(**changes: object) -> Recipe:
    return Recipe(
        **{
            'name': 'student',
            'task': 'gender',
            'architecture': 'mini_residual',
            'data': 'faces.npz',
            'data_licence': 'made up',
            'input_size': 48,
            **changes,
        }
    )  # type: ignore[arg-type]


HEADS = {'votes': Head(votes=1.0, weight=0.7), 'original': Head(label_smoothing=0.1)}


def save_weights(runs: Path, name: str, outputs: int, seed: int = 0) -> torch.nn.Module:
    """Save a random mini-residual network as the result of recipe ``name``."""
    torch.manual_seed(seed)
    network = build('mini_residual', outputs).eval()
    (runs / name).mkdir(parents=True)
    torch.save(network.state_dict(), runs / name / 'weights.pt')
    return network


def test_teachers_give_their_part_of_the_target(data: Path) -> None:
    runs = data / 'runs'
    names = ('gender_mini_residual', 'gender_mini_residual_stage1')
    teachers = [save_weights(runs, name, 2, seed) for seed, name in enumerate(names)]
    images, truth = torch.rand(8, 1, 48, 48), torch.eye(2)[[0, 1] * 4]
    outputs = torch.randn(8, 2)

    def loss(weight: float) -> float:
        task = load_task(recipe(teachers=names, teacher_weight=weight), data)
        task.load_teachers(runs)
        return float(task.loss(outputs, [truth], images))

    with torch.inference_mode():
        taught = sum(teacher(images).softmax(1) for teacher in teachers) / 2
    for weight, target in ((0.0, truth), (1.0, taught), (0.25, 0.75 * truth + 0.25 * taught)):
        expected = -(target * outputs.log_softmax(1)).sum(1).mean()
        # Teachers may answer in bfloat16.
        assert loss(weight) == pytest.approx(float(expected), abs=5e-3)


def test_an_untrained_teacher_is_refused(data: Path) -> None:
    task = load_task(recipe(teachers=('gender_mini_residual',)), data)
    with pytest.raises(RecipeError, match='train the teacher, recipe gender_mini_residual, first'):
        task.load_teachers(data / 'runs')


def test_a_teacher_without_the_head_is_refused(data: Path) -> None:
    save_weights(data / 'runs', 'gender_mini_residual', 2)
    task = load_task(recipe(teachers=('gender_mini_residual',), heads={'mood': Head()}), data)
    with pytest.raises(
        RecipeError, match="gender_mini_residual has no head 'mood'; it has labels"
    ):
        task.load_teachers(data / 'runs')


def test_heads_learn_their_own_targets_by_their_weight(data: Path) -> None:
    write_fer(data / 'fer.npz', 40, ferplus_votes=np.full((40, 10), 1, np.uint8))
    task = load_task(recipe(task='emotion', data='fer.npz', heads=HEADS), data)
    assert task.network()(torch.rand(2, 1, 48, 48)).shape == (2, 14)
    view, votes, original = task.views(0, 0.0)[0]
    assert view.shape == (1, 48, 48)
    # One vote for each; contempt counts as disgust, unknown and no face as nothing.
    np.testing.assert_allclose(votes * 8, [1, 2, 1, 1, 1, 1, 1])
    assert sorted(original.tolist()) == [0] * 6 + [1]
    outputs = torch.randn(1, 14)
    targets = [torch.from_numpy(target)[None] for target in (votes, original)]
    smooth = 0.9 * targets[1] + 0.1 / 7
    expected = -0.7 * (targets[0] * outputs[:, :7].log_softmax(1)).sum()
    expected -= (smooth * outputs[:, 7:].log_softmax(1)).sum()
    assert float(task.loss(outputs, targets, torch.zeros(1, 1, 48, 48))) == pytest.approx(
        float(expected), rel=1e-5
    )


def test_pupil_is_taught_head_by_head_whatever_the_teachers_order(data: Path) -> None:
    """emotion_mini_residual has the heads votes and original, in this order."""
    teacher = save_weights(data / 'runs', 'emotion_mini_residual', 14)
    write_fer(data / 'fer.npz', 40, ferplus_votes=np.full((40, 10), 1, np.uint8))
    turned = {name: Head(votes=head.votes) for name, head in reversed(HEADS.items())}
    task = load_task(
        recipe(
            task='emotion',
            data='fer.npz',
            heads=turned,
            teachers=('emotion_mini_residual',),
            teacher_weight=1.0,
        ),
        data,
    )
    task.load_teachers(data / 'runs')
    images, outputs = torch.rand(4, 1, 64, 64), torch.randn(4, 14)
    with torch.inference_mode():
        # Its pictures have 48 pixels.
        small = torch.nn.functional.interpolate(images, (48, 48), mode='bilinear', antialias=True)
        votes, original = teacher(small).view(4, 2, 7).softmax(2).unbind(1)
    expected = -(original * outputs[:, :7].log_softmax(1)).sum(1).mean()
    expected -= (votes * outputs[:, 7:].log_softmax(1)).sum(1).mean()
    found = float(task.loss(outputs, [torch.zeros(4, 7)] * 2, images))
    assert found == pytest.approx(float(expected), abs=1e-2)


def test_faces_without_labels_are_answered_for_by_the_teachers(data: Path) -> None:
    write_fer(data / 'fer.npz', 40)
    teacher = save_weights(data / 'runs', 'gender_mini_residual', 2)
    task = load_task(
        recipe(
            teachers=('gender_mini_residual',),
            teacher_weight=0.5,
            extra_data={'fer.npz': 1.0},
        ),
        data,
    )
    task.load_teachers(data / 'runs')
    view, target = task.views(0, 0.0)[0]
    assert target.tolist() == [0, 0]
    images, outputs = torch.from_numpy(view)[None], torch.randn(1, 2)
    with torch.inference_mode():
        answer = teacher(images).softmax(1)
    expected = -(answer * outputs.log_softmax(1)).sum()
    found = float(task.loss(outputs, [torch.from_numpy(target)[None]], images))
    assert found == pytest.approx(float(expected), abs=5e-3)


def test_extra_faces_come_as_often_as_said(data: Path) -> None:
    write_fer(data / 'fer.npz', 40)
    task = load_task(recipe(extra_data={'fer.npz': 0.25}), data)
    views = [task.views(epoch, 0.0)[row][1] for epoch in range(20) for row in range(30)]
    assert 0.19 < np.mean([target.sum() == 0 for target in views]) < 0.31


def test_rare_groups_are_drawn_more_often(data: Path) -> None:
    archive = dict(np.load(data / 'faces.npz'))
    archive['age'] = np.array([0] * 32 + [1] * 8)
    np.savez(data / 'faces.npz', **{**archive, 'age_names': ['young', 'old']})
    task = load_task(recipe(balance={'age': 1.0}), data)
    weights, old = task.weights(), task.fitted.groups['age'] == 'old'
    assert weights is not None
    assert weights[old].sum() == pytest.approx(weights[~old].sum())
    half = load_task(recipe(balance={'age': 0.5}), data).weights()
    assert half is not None
    assert half[old][0] / half[~old][0] == pytest.approx((sum(~old) / sum(old)) ** 0.5)
    assert load_task(recipe(), data).weights() is None


def test_a_balance_of_unknown_groups_is_refused(data: Path) -> None:
    with pytest.raises(RecipeError, match=r"balance has group 'height', but faces\.npz has race"):
        load_task(recipe(balance={'height': 1.0}), data)


def test_data_without_votes_is_refused(data: Path) -> None:
    write_fer(data / 'fer.npz', 40)
    with pytest.raises(RecipeError, match=r'heads\.votes\.votes is 1\.0, but there are no FER'):
        load_task(recipe(task='emotion', data='fer.npz', heads=HEADS), data)


def test_data_of_other_classes_is_refused(data: Path) -> None:
    with pytest.raises(RecipeError, match=r'task is emotion, but faces\.npz has gender labels'):
        load_task(recipe(task='emotion'), data)


@pytest.mark.parametrize('width', [192, 224, 256, 320, 640])
def test_detectors_train_at_sizes_that_halve_alike(width: int) -> None:
    """An odd number of rows at stride 16, as 240 pixels have, whatever the width."""
    found, height = detector_size(width)
    assert found == width
    assert height % 32 == 16
    assert abs(height - width * 3 / 4) <= 16
