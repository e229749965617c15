# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from typing import Any

import cv2
from demo_bag import DemoFrame
import numpy as np
import pytest

from face_affect.core.faces import Box, Face, FrameResult, UNKNOWN
from face_affect.core.models import ModelError
from face_affect.core.pipeline import Pipeline
from face_affect.core.search import tracked_threshold
from face_affect.core.settings import ModelNames, Settings

COLLINS, OBAMA, HOPPER, BIDEN = range(4)


@pytest.mark.parametrize(
    'name, values',
    [
        ('detection_threshold', (-0.1, 1.1)),
        ('min_face_size', (-1, 5000)),
        ('confirm_frames', (0, 101)),
        ('forget_time', (-0.1, 61)),
        ('smoothing_time', (-0.1, 61)),
        ('emotion_min_confidence', (-0.1, 1.1)),
        ('gender_min_confidence', (-0.1, 1.1)),
    ],
)
def test_settings_out_of_range(name: str, values: tuple[float, float]) -> None:
    for value in (*values, float('nan')):
        with pytest.raises(ValueError, match=f'{name} is {value}, but must be from'):
            Settings(**{name: value})  # type: ignore[arg-type]


def test_every_number_is_checked() -> None:
    for item in fields(Settings):
        if not isinstance(item.default, bool):
            with pytest.raises(ValueError, match=item.name):
                Settings(**{item.name: float('nan')})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    'values',
    [
        {},
        {'detection_threshold': 0.0, 'smoothing_time': 0.0, 'forget_time': 0.0},
        {'detection_threshold': 1.0, 'confirm_frames': 100, 'min_face_size': 4096},
    ],
)
def test_settings_in_range(values: dict[str, Any]) -> None:
    assert Settings(**values)


@pytest.mark.parametrize(
    'names, reason',
    [
        (ModelNames(detector='none'), "no model 'none'"),
        (ModelNames(emotion='gender_mini_xception'), 'is for gender, not for emotion'),
        (ModelNames(gender='face_detector'), 'is for face_detection'),
        (ModelNames(detection_width=400), 'set detection_width to 320 or 480 or 640'),
    ],
)
def test_wrong_models(names: ModelNames, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        Pipeline(models=names)


@pytest.mark.parametrize('width', [480, 640])
def test_a_wider_input_finds_the_same_faces_and_smaller_ones(
    demo_frames: list[DemoFrame], width: int
) -> None:
    image = demo_frames[100].image
    usual, wide = (
        Pipeline(Settings(confirm_frames=1), ModelNames(detection_width=one))
        for one in (320, width)
    )
    found = [
        sorted(pipeline.process(image, 0.0).faces, key=lambda face: face.detection.box.x)
        for pipeline in (usual, wide)
    ]
    assert [len(faces) for faces in found] == [3, 3]
    for one, other in zip(*found):
        assert one.detection.box.iou(other.detection.box) > 0.8
        assert one.gender.label == other.gender.label
    # Faces of 9 to 12 pixels in an input of 320
    small = np.zeros_like(image)
    size = image.shape[1] // 6, image.shape[0] // 6
    small[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    assert len(usual.process(small, 10.0).faces) < len(wide.process(small, 10.0).faces) == 3


@pytest.mark.parametrize('shape', [(480, 640, 3), (480, 640), (1, 1), (1, 1, 3), (3000, 4)])
def test_nobody_there(pipeline: Pipeline, shape: tuple[int, ...]) -> None:
    result = pipeline.process(np.zeros(shape, np.uint8), 12.5)
    assert result.faces == ()
    assert (result.stamp, result.width, result.height) == (12.5, shape[1], shape[0])


WANTED = {
    'type': 'but must be a numpy array of dtype uint8',
    'dtype': 'but must have uint8',
    'shape': r'but must have \[H, W, 3\] \(BGR\) or \[H, W\] \(gray\)',
}


@pytest.mark.parametrize(
    'dtype', [np.uint16, np.int8, np.int32, np.float32, np.float64, bool, object, '<U1']
)
def test_another_dtype_is_refused(
    pipeline: Pipeline, demo_frames: list[DemoFrame], dtype: Any
) -> None:
    # Also after a good image, whose faces must not come back
    assert pipeline.process(demo_frames[100].image, 0.0).faces
    with pytest.raises(TypeError, match=rf'image has dtype .*, {WANTED["dtype"]}'):
        pipeline.process(demo_frames[100].image.astype(dtype), 0.1)


@pytest.mark.parametrize(
    'shape', [(), (9,), (9, 9, 1), (9, 9, 2), (9, 9, 4), (1, 9, 9, 3), (0, 9, 3), (9, 0), (0, 0)]
)
def test_another_shape_is_refused(pipeline: Pipeline, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=WANTED['shape']):
        pipeline.process(np.zeros(shape, np.uint8), 0.0)


@pytest.mark.parametrize('image', [None, 'picture.jpg', [[0]], memoryview(b'0')])
def test_what_is_no_array_is_refused(pipeline: Pipeline, image: Any) -> None:
    with pytest.raises(TypeError, match=WANTED['type']):
        pipeline.process(image, 0.0)


@pytest.mark.parametrize('stamp', [np.nan, np.inf, -np.inf])
def test_a_stamp_that_is_not_finite_is_refused(pipeline: Pipeline, stamp: float) -> None:
    with pytest.raises(ValueError, match=r'stamp is .*, but must be finite'):
        pipeline.process(np.zeros((9, 9), np.uint8), stamp)


@pytest.mark.parametrize('stamp', [None, '1.0', 1j])
def test_a_stamp_that_is_no_number_is_refused(pipeline: Pipeline, stamp: Any) -> None:
    with pytest.raises(TypeError, match='but must be a number of seconds'):
        pipeline.process(np.zeros((9, 9), np.uint8), stamp)


def test_refused_input_changes_nothing(pipeline: Pipeline, demo_frames: list[DemoFrame]) -> None:
    image = demo_frames[100].image
    pipeline.process(image, 0.0)
    for wrong, stamp in ((image.astype(np.float32), 0.1), (image, np.nan)):
        with pytest.raises((TypeError, ValueError)):
            pipeline.process(wrong, stamp)
    faces = pipeline.process(image, 0.2).faces
    assert [(face.age, face.frames) for face in faces] == 3 * [(0.2, 2)]


@pytest.mark.parametrize(
    'view',
    [
        lambda image: np.asfortranarray(image),
        lambda image: image[:, ::-1],
        lambda image: np.repeat(image, 2, axis=1)[:, ::2],
        lambda image: np.pad(image, ((0, 0), (9, 9), (0, 0)))[:, 9:-9],
        lambda image: np.concatenate([image, image], axis=2)[:, :, :3],
    ],
    ids=['fortran', 'mirrored', 'every other column', 'inside of another', 'some channels'],
)
def test_an_image_need_not_be_contiguous(
    pipeline: Pipeline, demo_frames: list[DemoFrame], view: Any
) -> None:
    image = view(demo_frames[100].image)
    found = pipeline.process(image, 0.0).faces
    assert len(found) == 3
    pipeline.reset()
    expected = pipeline.process(np.ascontiguousarray(image), 0.0).faces
    assert [replace(face, id=0) for face in found] == [replace(face, id=0) for face in expected]


@pytest.mark.parametrize('threads, error', [(0, ValueError), (17, ValueError), (1.5, TypeError)])
def test_threads_have_the_range_of_the_parameter(threads: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match='num_threads is'):
        Pipeline(threads=threads)


@pytest.mark.parametrize('emotion', [True, False])
@pytest.mark.parametrize('gender', [True, False])
def test_tasks_can_be_switched_off(
    pipeline: Pipeline, demo_frames: list[DemoFrame], emotion: bool, gender: bool
) -> None:
    pipeline.settings = replace(pipeline.settings, enable_emotion=emotion, enable_gender=gender)
    result = pipeline.process(demo_frames[100].image, 0.0)
    assert len(result.faces) == 3
    for face in result.faces:
        assert (face.emotion is not None) == emotion
        assert (face.gender is not None) == gender
    assert ('emotion' in result.timings, 'gender' in result.timings) == (emotion, gender)


def test_unknown_below_the_least_confidence(
    pipeline: Pipeline, demo_frames: list[DemoFrame]
) -> None:
    image = demo_frames[100].image
    for least, expected in ((0.0, False), (1.0, True)):
        pipeline.settings = replace(
            pipeline.settings, emotion_min_confidence=least, gender_min_confidence=least
        )
        for face in pipeline.process(image, 0.0).faces:
            for estimate in (face.emotion, face.gender):
                assert estimate is not None
                assert (estimate.label == UNKNOWN) == (expected and estimate.confidence < 1)
                assert sum(estimate.probabilities) == pytest.approx(1, abs=1e-4)


def test_threshold_and_least_size(pipeline: Pipeline, demo_frames: list[DemoFrame]) -> None:
    image, settings = demo_frames[100].image, pipeline.settings
    for changes, count in (({'min_face_size': 100}, 1), ({'detection_threshold': 1.0}, 0)):
        pipeline.settings = replace(settings, **changes)
        pipeline.reset()
        assert len(pipeline.process(image, 0.0).faces) == count


@pytest.mark.parametrize('new, tracked', [(0.0, 0.0), (0.6, 0.5), (0.75, 2 / 3), (1.0, 1.0)])
def test_a_tracked_face_needs_a_lower_score(new: float, tracked: float) -> None:
    assert tracked_threshold(new) == pytest.approx(tracked)


def test_smoothed_and_frame_probabilities(demo_frames: list[DemoFrame]) -> None:
    pipeline = Pipeline(Settings(confirm_frames=1, smoothing_time=0.5))
    first, second = (
        pipeline.process(demo_frames[i].image, demo_frames[i].stamp).faces[0] for i in (150, 151)
    )
    assert first.id == second.id
    assert first.emotion and second.emotion
    assert first.emotion.probabilities == first.emotion.frame_probabilities
    np.testing.assert_allclose(
        second.emotion.probabilities,
        np.mean([first.emotion.frame_probabilities, second.emotion.frame_probabilities], axis=0),
        atol=1e-5,
    )


def test_reset_gives_new_ids(pipeline: Pipeline, demo_frames: list[DemoFrame]) -> None:
    image = demo_frames[100].image
    before = {face.id for face in pipeline.process(image, 1.0).faces}
    assert before == {face.id for face in pipeline.process(image, 1.1).faces}
    pipeline.reset()
    assert not before & {face.id for face in pipeline.process(image, 1.2).faces}


def test_age_and_frames(demo_frames: list[DemoFrame]) -> None:
    pipeline = Pipeline(Settings(confirm_frames=3))
    faces = [pipeline.process(demo_frames[150].image, i * 0.25).faces for i in range(4)]
    assert [len(found) > 0 for found in faces] == [False, False, True, True]
    assert (faces[3][0].age, faces[3][0].frames) == (0.75, 4)


@pytest.mark.parametrize(
    'interval, settings', [(2.1, {}), (10.0, {}), (1 / 30, {'forget_time': 0.0})]
)
def test_a_face_in_rare_images_is_reported(
    demo_frames: list[DemoFrame], interval: float, settings: dict[str, Any]
) -> None:
    pipeline = Pipeline(Settings(**settings))
    results = [pipeline.process(demo_frames[100].image, 7 + i * interval) for i in range(4)]
    assert [[face.id for face in result.faces] for result in results] == [[], *3 * [[1, 2, 3]]]


def test_image_is_not_changed(pipeline: Pipeline, demo_frames: list[DemoFrame]) -> None:
    image = demo_frames[100].image
    image.flags.writeable = False
    assert pipeline.process(image, 0.0).faces


class TestDemo:
    """The demo bag's frames, one by one."""

    @pytest.fixture(scope='class')
    def results(self, demo_frames: list[DemoFrame]) -> list[FrameResult]:
        pipeline = Pipeline(Settings())
        return [pipeline.process(frame.image, frame.stamp) for frame in demo_frames]

    @pytest.fixture(scope='class')
    def by_appearance(
        self, results: list[FrameResult], demo_frames: list[DemoFrame]
    ) -> dict[tuple[int, int], list[Face]]:
        """Return the faces found, by person and visit."""
        found = defaultdict(list)
        for frame, result in zip(demo_frames, results):
            for true in frame.faces:
                face = true.found_in(result.faces)
                if face:
                    found[true.person, true.appearance].append(face)
        return found

    def test_faces_are_found(
        self, results: list[FrameResult], demo_frames: list[DemoFrame]
    ) -> None:
        hits = [
            true.found_in(result.faces) is not None
            for frame, result in zip(demo_frames, results)
            for true in frame.faces
            if not true.at_border()
        ]
        assert len(hits) > 300
        assert np.mean(hits) > 0.97

    def test_nothing_else_is_found(
        self, results: list[FrameResult], demo_frames: list[DemoFrame]
    ) -> None:
        # A face that leaves is still found when the truth does not list it any more.
        extra = [
            face
            for frame, result in zip(demo_frames, results)
            for face in result.faces
            if 60 < face.detection.box.centre[0] < 580
            and not any(face.detection.box.iou(true.box) > 0.3 for true in frame.faces)
        ]
        assert extra == []

    def test_one_id_a_visit(self, by_appearance: dict[tuple[int, int], list[Face]]) -> None:
        ids = [{face.id for face in faces} for faces in by_appearance.values()]
        assert len(ids) == 5
        assert all(len(one) == 1 for one in ids)
        assert len(set.union(*ids)) == 5

    @pytest.mark.parametrize(
        'person, emotion, gender',
        [(COLLINS, 'happy', 'female'), (OBAMA, 'happy', 'male'), (BIDEN, None, 'male')],
    )
    def test_labels(
        self,
        by_appearance: dict[tuple[int, int], list[Face]],
        person: int,
        emotion: str | None,
        gender: str,
    ) -> None:
        faces = [
            face for (who, _), found in by_appearance.items() for face in found if who == person
        ]
        if emotion:
            labels = [face.emotion.label for face in faces if face.emotion]
            assert labels.count(emotion) > 0.85 * len(faces)
        labels = [face.gender.label for face in faces if face.gender]
        assert labels.count(gender) > 0.85 * len(faces)


@pytest.mark.slow
@pytest.mark.parametrize('left, top', [(100, 60), (700, 300), (1000, 500)])
def test_far_faces_are_found_within_a_second(
    demo_frames: list[DemoFrame], left: int, top: int
) -> None:
    frame = demo_frames[100]
    scale = 16 / min(face.box.width for face in frame.faces)
    small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = np.full((720, 1280, 3), 90, np.uint8)
    image[top : top + small.shape[0], left : left + small.shape[1]] = small
    places = [
        Box(
            left + face.box.x * scale,
            top + face.box.y * scale,
            face.box.width * scale,
            face.box.height * scale,
        )
        for face in frame.faces
    ]
    pipeline = Pipeline(Settings(detect_far=True), ModelNames(detector='face_detector'))
    ids: dict[int, set[int]] = {}
    for i in range(60):
        result = pipeline.process(image, i / 30)
        for face in result.faces:
            overlaps = [face.detection.box.iou(place) for place in places]
            assert max(overlaps) > 0.3
            ids.setdefault(int(np.argmax(overlaps)), set()).add(face.id)
        if i >= 30:  # From now on every face is there in every frame.
            assert len(result.faces) == len(places)
    assert [len(ids[i]) for i in range(len(places))] == [1] * len(places)


def test_faces_of_several_tiles_are_in_the_order_of_their_ids(
    demo_frames: list[DemoFrame],
) -> None:
    frame = demo_frames[100]
    scale = 16 / min(face.box.width for face in frame.faces)
    small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = np.full((720, 1280, 3), 90, np.uint8)
    for left, top in ((100, 60), (1000, 500)):
        image[top : top + small.shape[0], left : left + small.shape[1]] = small
    pipeline = Pipeline(Settings(detect_far=True))
    results = [pipeline.process(image, i / 30) for i in range(40)]
    ids = [[face.id for face in result.faces] for result in results]
    assert len(ids[-1]) == 2 * len(frame.faces)
    assert ids == [sorted(one) for one in ids]
