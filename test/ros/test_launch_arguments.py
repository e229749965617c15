# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Parameters as launch arguments, without launch."""

import os
from pathlib import Path

import pytest

from face_affect.launch_arguments import (
    argument,
    check_command_line,
    declarations_of,
    given_parameters,
)

NODE = {one.name: one for one in declarations_of('NodeParameters')}
FILE = '/share/launch/face_affect.launch.py'


def test_the_environment_stays() -> None:
    before = dict(os.environ)
    declarations_of('NodeParameters')
    assert dict(os.environ) == before


def choices(name: str) -> list[str] | None:
    keywords = argument(NODE[name], 'the value in params_file')
    assert keywords['description'].endswith('(empty: the value in params_file).')
    return keywords['choices']


def test_arguments_have_the_choices_of_the_parameter() -> None:
    assert choices('enable_gender') == [
        '',
        'true',
        'false',
        'True',
        'False',
    ]
    assert choices('rotate') == [
        '',
        '0',
        '90',
        '180',
        '270',
    ]
    assert choices('max_rate') is None


def test_given_values_have_the_type_of_the_parameter() -> None:
    texts = {
        'max_rate': '5',
        'rotate': '90',
        'enable_gender': 'True',
        'gender_model': '',
        'x': '1',
    }
    given = given_parameters(NODE.values(), texts)
    assert given == {'max_rate': 5.0, 'rotate': 90, 'enable_gender': True}
    assert isinstance(given['max_rate'], float)


@pytest.mark.parametrize(
    'name, text, reason',
    [
        ('max_rate', 'fast', "max_rate is 'fast', but must be of type float"),
        ('max_rate', 'nan', 'max_rate is nan, but must be from 0 to 1000'),
        ('confirm_frames', '2.5', "confirm_frames is '2.5', but must be of type int"),
    ],
)
def test_wrong_values_are_refused(name: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        given_parameters(NODE.values(), {name: text})


@pytest.mark.parametrize('start', [['face_affect', 'face_affect.launch.py'], [FILE]])
def test_unknown_arguments_are_refused_with_the_nearest(start: list[str]) -> None:
    with pytest.raises(
        ValueError, match=r"face_affect.launch.py has no argument 'max_rat'; did y"
    ):
        check_command_line(FILE, NODE, ['ros2', 'launch', *start, 'rotate:=90', 'max_rat:=5'])


@pytest.mark.parametrize(
    'words',
    [
        ['robot', 'robot.launch.py', 'max_rat:=5'],
        ['robot', 'face_affect.launch.py', 'max_rat:=5'],
        [str(Path(FILE).parent), 'max_rat:=5'],
        ['face_affect', 'face_affect.launch.py', 'max_rate:=5', '--noninteractive'],
    ],
)
def test_arguments_of_other_launch_files_are_not_checked(words: list[str]) -> None:
    check_command_line(FILE, NODE, ['ros2', 'launch', *words])
