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


@pytest.mark.parametrize('name', ['detect_far', 'detect_lying'])
def test_settings_that_exclude_each_other(name: str) -> None:
    with pytest.raises(ValueError, match=rf'must be at least 0.7 s with {name}'):
        Settings(**{name: True}, forget_time=0.3)
    assert Settings(**{name: True}, forget_time=0.7)


THIRD = """
from pathlib import Path
import sys
from face_affect.core import tasks
model, picture, messages = sys.argv[1:]
third = tasks.Task('mood', ('good', 'bad', 'so-so', 'a', 'b', 'c', 'd'), model, 0.25)
tasks.TASKS = (*tasks.TASKS, third)
import cv2
from face_affect import annotate, Pipeline, Settings
from face_affect.bags.batch.tables import COLUMNS
from face_affect.bags.recordings import message_types
from face_affect.cli import make_parser
from face_affect.commands.pipeline_options import settings_of
from face_affect.core.codec import decode_result
from face_affect.launch_arguments import declarations_of
image = cv2.imread(picture)
result = Pipeline(Settings(confirm_frames=1)).process(image, 0.0)
annotate(image, result)
for face in result.faces:
    assert face.estimates['mood'].probabilities == face.emotion.probabilities
    print(*face.as_dict())

switched_off = Pipeline(Settings(enable_mood=False, confirm_frames=1)).process(image, 0.0)
built_in = {task.name for task in tasks.TASKS} - {'mood'}
assert all(face.estimates.keys() == built_in for face in switched_off.faces)
options = make_parser().parse_args(['run', picture, '--mood-min-confidence', '0.75'])
assert settings_of(options).min_confidence(third) == 0.75
defaults = {one.name: one.default for one in declarations_of('NodeParameters')}
assert defaults['enable_mood'] is True and defaults['mood_model'] == model
assert defaults['mood_min_confidence'] == 0.25
assert {'mood', 'mood_confidence', *third.labels} <= set(COLUMNS)

message_types.definitions_folder = lambda: Path(messages)
data = message_types.result_to_cdr(result, 0, 'camera')
message = message_types.known_types().deserialize_cdr(data, message_types.RESULT_TYPE)
for read, face in zip(decode_result(message).faces, result.faces, strict=True):
    assert read.estimates['mood'].best == face.estimates['mood'].best in third.labels
"""


@pytest.mark.slow
def test_a_third_estimate_is_an_entry_a_network_and_a_message_field(tmp_path: Path) -> None:
    model = find_model(ModelNames().emotion, 'emotion')
    shutil.copy(model.tflite, tmp_path / 'mood.tflite')
    values = json.loads(model.path.read_text())
    values |= {'task': 'mood', 'name': 'mood'}
    values['labels'] = ['good', 'bad', 'so-so', 'a', 'b', 'c', 'd']
    (tmp_path / 'mood.json').write_text(json.dumps(values))
    messages = tmp_path / 'msg'
    shutil.copytree(ROOT / 'face_affect_msgs' / 'msg', messages)
    with (messages / 'FaceAffect.msg').open('a') as stream:
        stream.write('face_affect_msgs/Emotion mood\n')
    picture = ROOT / 'docs' / 'images' / 'debug_image.jpg'
    done = subprocess.run(
        [sys.executable, '-c', THIRD, tmp_path / 'mood.json', picture, messages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    estimates = ' '.join(task.name for task in TASKS)
    assert done.stdout.splitlines() == 3 * [f'id box score {estimates} mood']
