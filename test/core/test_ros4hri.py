# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Faces in the terms of REP-155."""

from __future__ import annotations

import re

import numpy as np
import pytest

from face_affect.core.faces import Box, EMOTIONS
from face_affect.core.ros4hri import (
    cropped,
    expression,
    EXPRESSIONS,
    face_id,
    gender,
    region,
    TrackedFaces,
    VALENCE_AROUSAL,
)

# The constants of hri_msgs/Expression 2.0.0
WORDS = {
    'neutral',
    'angry',
    'sad',
    'happy',
    'surprised',
    'disgusted',
    'scared',
    'pleading',
    'vulnerable',
    'despaired',
    'guilty',
    'disappointed',
    'embarrassed',
    'horrified',
    'skeptical',
    'annoyed',
    'furious',
    'suspicious',
    'rejected',
    'bored',
    'tired',
    'asleep',
    'confused',
    'amazed',
    'excited',
}


def certain(emotion: str, sure: float = 1.0) -> list[float]:
    return [sure if name == emotion else (1 - sure) / 6 for name in EMOTIONS]


def test_every_emotion_has_a_word_of_the_standard() -> None:
    assert set(EXPRESSIONS) == set(VALENCE_AROUSAL) == set(EMOTIONS)
    assert set(EXPRESSIONS.values()) <= WORDS
    assert len(set(EXPRESSIONS.values())) == len(EMOTIONS)
    assert EXPRESSIONS['fear'] == 'scared'


@pytest.mark.parametrize('emotion', EMOTIONS)
def test_certain_expression(emotion: str) -> None:
    found = expression(emotion, 1.0, certain(emotion))
    assert (found.valence, found.arousal) == pytest.approx(VALENCE_AROUSAL[emotion])
    assert (found.expression, found.confidence) == (EXPRESSIONS[emotion], 1.0)


def test_valence_and_arousal_have_the_signs_of_the_circumplex() -> None:
    signs = {
        emotion: (np.sign(valence), np.sign(arousal))
        for emotion, (valence, arousal) in VALENCE_AROUSAL.items()
    }
    assert signs == {
        'angry': (-1, 1),
        'disgust': (-1, 1),
        'fear': (-1, 1),
        'happy': (1, 1),
        'sad': (-1, -1),
        'surprise': (1, 1),
        'neutral': (0, 0),
    }


def test_uncertain_expression_has_no_word_but_a_tendency() -> None:
    found = expression('unknown', 0.38, [0, 0, 0, 0.38, 0, 0.32, 0.3])
    assert found.expression == ''
    assert found.confidence == 0.38
    assert found.valence == pytest.approx(0.38 * 0.81 + 0.32 * 0.40)


@pytest.mark.parametrize(
    'label, confidence, expected',
    [('female', 0.9, (1, 0.9)), ('male', 0.7, (2, 0.7)), ('unknown', 0.55, (0, 0.0))],
)
def test_gender(label: str, confidence: float, expected: tuple[int, float]) -> None:
    assert gender(label, confidence) == expected


@pytest.mark.parametrize('number', [1, 1795594146976, 2**64 - 1])
def test_face_id_is_a_name_for_a_topic(number: int) -> None:
    assert re.fullmatch('[a-z][a-z0-9]*', face_id(number))
    assert face_id(number) != face_id(number - 1)


def test_region_is_normalised_and_inside() -> None:
    found = region(Box(-10, 120, 330, 120), 0.8, 640, 480)
    assert (found.xmin, found.ymin, found.xmax, found.ymax, found.c) == (0, 0.25, 0.5, 0.5, 0.8)


@pytest.mark.parametrize(
    'box, columns, rows',
    [
        (Box(10, 10, 40, 40), (0, 128), (0, 128)),
        (Box(10, 10, 20, 40), (32, 96), (0, 128)),
        (Box(10, 10, 40, 10), (0, 128), (48, 80)),
        (Box(-20, 10, 40, 40), (32, 96), (0, 128)),
    ],
)
def test_crop_is_centred_and_padded(
    box: Box,
    columns: tuple[int, int],
    rows: tuple[int, int],
) -> None:
    for image in (np.full((100, 100, 3), 200, np.uint8), np.full((100, 100), 200, np.uint8)):
        crop = cropped(image, box, 128, 128)
        expected = np.zeros((128, 128, 3), np.uint8)
        expected[rows[0] : rows[1], columns[0] : columns[1]] = 200
        np.testing.assert_array_equal(crop, expected)


def test_crop_of_nothing_is_black() -> None:
    crop = cropped(np.full((50, 50, 3), 9, np.uint8), Box(60, 60, 10, 10), 32, 64)
    assert crop.shape == (64, 32, 3) and not crop.any()


def test_faces_come_stay_for_a_moment_and_go() -> None:
    tracked = TrackedFaces(keep=1.0)
    assert tracked.update([5, 3], now=10.0) == []
    assert tracked.numbers == [3, 5]
    assert tracked.update([5], now=10.9) == []
    assert tracked.numbers == [3, 5]
    assert tracked.update([5], now=11.1) == [3]
    assert tracked.numbers == [5]
    assert tracked.update([], now=13.0) == [5]
    assert tracked.numbers == []
