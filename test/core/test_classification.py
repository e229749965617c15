# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.classification import Classifier, probabilities, softmax
from face_affect.core.crop import crop_face, level_roll
from face_affect.core.faces import Box, Detection, EMOTIONS, GENDERS
from face_affect.core.models import find_model, Head

DETECTOR = 'face_detector'


@pytest.mark.parametrize(
    'logits, expected',
    [
        ([0.0], [1.0]),
        ([0.0, 0.0], [0.5, 0.5]),
        ([np.log(3), 0.0], [0.75, 0.25]),
        ([1000.0, 0.0], [1.0, 0.0]),
        ([-1000.0, -1000.0], [0.5, 0.5]),
        ([[0.0, 0.0], [np.log(3), 0.0]], [[0.5, 0.5], [0.75, 0.25]]),
    ],
)
def test_softmax(logits: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(softmax(np.array(logits, np.float32)), expected, atol=1e-6)


@pytest.mark.parametrize(
    'name, task, labels',
    [('emotion_mini_xception', 'emotion', EMOTIONS), ('gender_mini_xception', 'gender', GENDERS)],
)
class TestClassifier:
    def test_labels(self, name: str, task: str, labels: tuple[str, ...]) -> None:
        assert find_model(name, task).labels == labels

    @pytest.mark.parametrize('value', [0, 128, 255])
    def test_probabilities_sum_to_one(
        self, name: str, task: str, labels: tuple[str, ...], value: int
    ) -> None:
        found = Classifier(find_model(name, task), DETECTOR)(np.full((64, 64), value, np.uint8))
        assert found.shape == (len(labels),)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1, abs=1e-5)

    def test_temperature_softens(self, name: str, task: str, labels: tuple[str, ...]) -> None:
        sidecar, picture = find_model(name, task), noise(0)
        cold = Classifier(replace(sidecar, temperature=0.5), DETECTOR)(picture)
        warm = Classifier(replace(sidecar, temperature=5.0), DETECTOR)(picture)
        assert cold.argmax() == warm.argmax()
        assert cold.max() > warm.max() > 1 / len(labels)

    def test_crop_is_the_sidecars(self, name: str, task: str, labels: tuple[str, ...]) -> None:
        sidecar = find_model(name, task)
        image, box = noise(1, 300), Box(100, 80, 90, 110)
        np.testing.assert_array_equal(
            Classifier(sidecar, DETECTOR).crop(image, Detection(box, 0.9)),
            crop_face(image, box, sidecar.crop[DETECTOR], sidecar.input.width),
        )

    def test_a_rolled_face_is_levelled(
        self, name: str, task: str, labels: tuple[str, ...]
    ) -> None:
        sidecar = find_model(name, task)
        image, box = noise(1, 300), Box(100, 80, 90, 110)
        landmarks = (
            (130.0, 100.0),
            (160.0, 120.0),
            (140.0, 130.0),
            (110.0, 140.0),
            (140.0, 160.0),
        )
        found = Detection(box, 0.9, landmarks)
        assert level_roll(found) > 30
        np.testing.assert_array_equal(
            Classifier(sidecar, DETECTOR).crop(image, found),
            crop_face(image, box, sidecar.crop[DETECTOR], sidecar.input.width, level_roll(found)),
        )


def noise(seed: int, side: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)


def test_probabilities_are_those_of_the_head_that_answers() -> None:
    sidecar = replace(
        find_model('emotion_mini_xception', 'emotion'),
        heads=(Head('votes', 1.0), Head('original', 2.0)),
    )
    logits = np.arange(14, dtype=np.float32)[::-1] * np.ones((3, 1), np.float32)
    for name, part in (('votes', logits[:, :7]), ('original', logits[:, 7:] / 2)):
        found = probabilities(sidecar.with_head(name), logits)
        np.testing.assert_allclose(found, softmax(part), rtol=1e-6)
