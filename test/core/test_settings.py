# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from face_affect.core.models import find_models
from face_affect.core.settings import ModelNames, Settings, TrackingSettings
from face_affect.core.tasks import Task, TASKS


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
