# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from face_affect.core.models import find_model, find_models
from face_affect.core.settings import ModelNames, Settings, TrackingSettings
from face_affect.core.tasks import Task, TASKS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('task', TASKS, ids=lambda task: task.name)
def test_every_task_has_its_parameters(task: Task) -> None:
    assert Settings().enabled(task)
    assert not Settings(**{f'enable_{task.name}': False}).enabled(task)
    assert Settings().min_confidence(task) == task.min_confidence
    assert Settings(**{f'{task.name}_min_confidence': 0.9}).min_confidence(task) == 0.9
    assert ModelNames().of(task) == task.model


def test_models_of_all_tasks() -> None:
    assert [sidecar.task for sidecar in find_models(ModelNames())] == [
        'face_detection',
        *(task.name for task in TASKS),
    ]


def test_settings_are_those_of_the_tracker() -> None:
    assert isinstance(Settings(), TrackingSettings)


def test_settings_that_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r'detect_far needs a forget_time of at least 0.7 s, but'):
        Settings(detect_far=True, forget_time=0.3)
    assert Settings(detect_far=True, forget_time=0.7).detect_far


THIRD = """
import sys
from face_affect.core import tasks
third = tasks.Task('mood', tasks.EMOTION.labels, sys.argv[1], 0.0)
tasks.TASKS = (*tasks.TASKS, third)
import cv2
from face_affect import annotate, Pipeline, Settings
image = cv2.imread(sys.argv[2])
result = Pipeline(Settings(confirm_frames=1)).process(image, 0.0)
annotate(image, result)
for face in result.faces:
    assert face.estimates['mood'].probabilities == face.emotion.probabilities
    print(*face.as_dict())
"""


def test_a_third_estimate_is_one_entry(tmp_path: Path) -> None:
    model = find_model(ModelNames().emotion, 'emotion')
    shutil.copy(model.tflite, tmp_path / 'mood.tflite')
    values = {**json.loads(model.path.read_text()), 'task': 'mood', 'name': 'mood'}
    (tmp_path / 'mood.json').write_text(json.dumps(values))
    picture = ROOT / 'docs' / 'images' / 'debug_image.jpg'
    done = subprocess.run(
        [sys.executable, '-c', THIRD, str(tmp_path / 'mood.json'), str(picture)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == 3 * ['id box score emotion gender mood']
