# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import cmath
from dataclasses import replace
import json
import math
from pathlib import Path
import shutil

import cv2
from demo_bag import DemoFrame
import numpy as np
import pytest

from face_affect.core.crop import crop_square, ROLL_GAIN, UPRIGHT
from face_affect.core.faces import FrameResult
from face_affect.core.models import available_models, ModelError, read_sidecar, Sidecar
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer, Saliency, saliency_path, SUBJECTS

EXPLAINED = [sidecar for sidecar in available_models() if saliency_path(sidecar).exists()]
COLLINS = 222  # She smiles


@pytest.fixture
def copy(tmp_path: Path) -> Sidecar:
    """Return a classifier that lies elsewhere, with what explains it."""
    classifier = EXPLAINED[0]
    for path in (
        classifier.path,
        classifier.tflite,
        saliency_path(classifier),
        saliency_path(classifier).with_suffix('.tflite'),
    ):
        shutil.copy(path, tmp_path)
    return read_sidecar(tmp_path / classifier.path.name)


@pytest.fixture
def explainer(pipeline: Pipeline) -> Explainer:
    detector, *classifiers = pipeline.sidecars
    return Explainer(classifiers, detector.calibrated_as)


def test_what_can_be_explained() -> None:
    assert {'emotion', 'gender'} <= {sidecar.task for sidecar in EXPLAINED}
    assert all(
        f'{sidecar.task}_saliency' == read_sidecar(saliency_path(sidecar)).task
        for sidecar in EXPLAINED
    )
    assert len(SUBJECTS) == len(set(SUBJECTS))


@pytest.mark.parametrize('classifier', EXPLAINED, ids=lambda sidecar: sidecar.name)
class TestSaliency:
    def test_gradient(self, classifier: Sidecar, demo_frames: list[DemoFrame]) -> None:
        saliency = Saliency(classifier)
        side = classifier.input.width
        crop = np.ascontiguousarray(demo_frames[COLLINS].image[:side, :side, 0])
        found = {label: saliency(crop, label) for label in classifier.labels}
        for gradient in found.values():
            assert gradient.shape == (side, side)
            assert gradient.dtype == np.float32
            assert np.abs(gradient).max() > 0
        first, second = list(found.values())[:2]
        assert not np.array_equal(first, second)
        np.testing.assert_array_equal(saliency(crop, classifier.labels[0]), first)

    def test_flat_picture(self, classifier: Sidecar) -> None:
        side = classifier.input.width
        gradient = Saliency(classifier)(np.full((side, side), 90, np.uint8), classifier.labels[0])
        assert np.isfinite(gradient).all()

    def test_unknown_label(self, classifier: Sidecar) -> None:
        side = classifier.input.width
        with pytest.raises(ValueError, match='not in tuple'):
            Saliency(classifier)(np.zeros((side, side), np.uint8), 'bored')


def test_missing(copy: Sidecar) -> None:
    saliency_path(copy).unlink()
    with pytest.raises(ModelError, match='cannot read'):
        Saliency(copy)


def test_altered(copy: Sidecar) -> None:
    saliency_path(copy).with_suffix('.tflite').write_bytes(b'altered')
    with pytest.raises(ModelError, match='was altered'):
        Saliency(copy)


def test_of_another_version(copy: Sidecar) -> None:
    with pytest.raises(ModelError, match=f'explains another version of {copy.name}'):
        Saliency(replace(copy, sha256='0' * 64))


def test_of_another_task(copy: Sidecar) -> None:
    with pytest.raises(ModelError, match='explains another version'):
        Saliency(replace(copy, task='gender'))


def test_does_not_fit(copy: Sidecar) -> None:
    """A sidecar that was written for another network."""
    other = next(sidecar for sidecar in EXPLAINED if sidecar.labels != copy.labels)
    path = saliency_path(copy)
    shutil.copy(saliency_path(other).with_suffix('.tflite'), path.with_suffix('.tflite'))
    values = json.loads(path.read_text())
    described = json.loads(saliency_path(other).read_text())
    path.write_text(json.dumps({**values, **{key: described[key] for key in ('sha256', 'input')}}))
    with pytest.raises(ModelError, match=r'has outputs .*, but needs .* for emotion'):
        Saliency(copy)


def result_of(frame: DemoFrame, pipeline: Pipeline) -> FrameResult:
    return pipeline.process(frame.image, frame.stamp)


def test_explains_the_winner(
    pipeline: Pipeline, explainer: Explainer, demo_frames: list[DemoFrame]
) -> None:
    frame = demo_frames[COLLINS]
    result = result_of(frame, pipeline)
    (face,) = result.faces
    (emotion,) = explainer(frame.image, result, 'emotion')
    assert (emotion.face, emotion.label) == (face, 'happy')
    assert emotion.probability == face.emotion.confidence
    geometry = pipeline.sidecars[1].crop_for(pipeline.sidecars[0].calibrated_as)
    assert emotion.square == crop_square(face.detection.box, geometry)
    (named,) = explainer(frame.image, result, 'happy')
    np.testing.assert_array_equal(named.gradient, emotion.gradient)


@pytest.mark.parametrize('subject', SUBJECTS)
def test_any_subject(
    pipeline: Pipeline, explainer: Explainer, demo_frames: list[DemoFrame], subject: str
) -> None:
    frame = demo_frames[COLLINS]
    result = result_of(frame, pipeline)
    (face,) = result.faces
    (found,) = explainer(frame.image, result, subject)
    assert found.label == subject or found.label in getattr(face, subject).labels
    assert 0 <= found.probability <= 1


def test_winner_below_the_least_confidence_is_explained_too(
    pipeline: Pipeline, explainer: Explainer, demo_frames: list[DemoFrame]
) -> None:
    pipeline.settings = replace(pipeline.settings, emotion_min_confidence=1.0)
    frame = demo_frames[COLLINS]
    result = result_of(frame, pipeline)
    (face,) = result.faces
    assert face.emotion.label == 'unknown'
    assert explainer(frame.image, result, 'emotion')[0].label == 'happy'


def test_task_that_is_off(
    pipeline: Pipeline, explainer: Explainer, demo_frames: list[DemoFrame]
) -> None:
    pipeline.settings = replace(pipeline.settings, enable_emotion=False)
    frame = demo_frames[COLLINS]
    result = result_of(frame, pipeline)
    assert explainer(frame.image, result, 'emotion') == []
    assert explainer(frame.image, result, 'happy') == []
    assert len(explainer(frame.image, result, 'gender')) == 1


def test_nobody_there(explainer: Explainer, demo_frames: list[DemoFrame]) -> None:
    assert explainer(demo_frames[0].image, FrameResult(0.0, 640, 480), 'emotion') == []


def test_network_without_reasons(
    pipeline: Pipeline, copy: Sidecar, demo_frames: list[DemoFrame]
) -> None:
    frame = demo_frames[COLLINS]
    result = result_of(frame, pipeline)
    saliency_path(copy).unlink()
    assert (
        Explainer([copy], pipeline.sidecars[0].calibrated_as)(frame.image, result, copy.task) == []
    )


def test_the_saliency_of_a_rolled_face_lies_over_it(
    pipeline: Pipeline, explainer: Explainer, demo_frames: list[DemoFrame]
) -> None:
    """The explanation of a rotated image, rotated back, is that of the upright image."""
    frame = demo_frames[COLLINS]
    result = result_of(frame, pipeline)
    (face,) = result.faces
    (upright,) = explainer(frame.image, result, 'happy')
    x, y = face.detection.box.centre
    matrix = cv2.getRotationMatrix2D((x - 0.5, y - 0.5), -30, 1)
    height, width = frame.image.shape[:2]
    image = np.asarray(cv2.warpAffine(frame.image, matrix, (width, height)), np.uint8)
    # Exactly rolled landmarks, so that only the rotation of the crop is compared
    turn = cmath.exp(1j * math.radians(30 / ROLL_GAIN))
    landmarks = tuple(
        (point.real, point.imag) for point in (complex(x, y) + turn * one for one in UPRIGHT)
    )
    rolled = replace(face, detection=replace(face.detection, landmarks=landmarks))
    (found,) = explainer(image, replace(result, faces=(rolled,)), 'happy')
    side = len(found.gradient)
    back = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), 30, 1)
    level = cv2.warpAffine(found.gradient, back, (side, side))
    inside = np.s_[side // 4 : -side // 4, side // 4 : -side // 4]
    agreement = np.corrcoef(level[inside].ravel(), upright.gradient[inside].ravel())[0, 1]
    assert agreement > 0.7
    against = np.corrcoef(found.gradient[inside].ravel(), upright.gradient[inside].ravel())[0, 1]
    assert against < 0.3
