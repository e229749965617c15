# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from training.models.architectures import build  # noqa: E402
from training.recipe import Recipe, RecipeError  # noqa: E402
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


def test_a_teacher_gives_its_part_of_the_target(data: Path) -> None:
    teacher = build('mini_residual', 2).eval()
    run = data / 'runs' / 'gender_mini_residual'
    run.mkdir(parents=True)
    torch.save(teacher.state_dict(), run / 'weights.pt')
    images, truth = torch.rand(8, 1, 48, 48), torch.eye(2)[[0, 1] * 4]
    answers = torch.randn(8, 2)

    def cost(weight: float) -> float:
        task = load_task(recipe(teacher='gender_mini_residual', teacher_weight=weight), data)
        task.load_teacher(data / 'runs')
        return float(task.loss(answers, [truth], images))

    with torch.inference_mode():
        taught = teacher(images).softmax(1)
    for weight, target in ((0.0, truth), (1.0, taught), (0.25, 0.75 * truth + 0.25 * taught)):
        expected = -(target * answers.log_softmax(1)).sum(1).mean()
        # The teacher answers in bfloat16.
        assert cost(weight) == pytest.approx(float(expected), abs=5e-3)


def test_an_untrained_teacher_is_refused(data: Path) -> None:
    with pytest.raises(RecipeError, match='train recipe gender_mini_residual first, the teacher'):
        load_task(recipe(teacher='gender_mini_residual'), data).load_teacher(data / 'runs')


@pytest.mark.parametrize('width', [192, 224, 256, 320, 640])
def test_detectors_train_at_sizes_that_halve_alike(width: int) -> None:
    """An odd number of rows at stride 16, as 240 pixels have, whatever the width."""
    found, height = detector_size(width)
    assert found == width
    assert height % 32 == 16
    assert abs(height - width * 3 / 4) <= 16
