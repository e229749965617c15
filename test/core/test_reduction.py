# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""JPEG decoded at a part of its size: what is decoded, and that results are those of all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
import math
import struct
from types import SimpleNamespace

import cv2
from demo_bag import DemoFrame, large_jpeg
import numpy as np
import pytest

from face_affect.core.appearance import difference, extract_appearance
from face_affect.core.faces import Box, Detection, FrameResult
from face_affect.core.image_header import image_size
from face_affect.core.images import decode_message, ImageError
from face_affect.core.intake import ImageIntake
from face_affect.core.pipeline import Pipeline
from face_affect.core.reduction import DECODING_FLAGS, reduction_of
from face_affect.core.saliency import Explainer
from face_affect.core.settings import ModelNames, Settings
from face_affect.core.tracking import Tracker

SECOND = 10**9
SETTINGS = Settings(confirm_frames=1, smoothing_time=0)
# Frames with one person
COLLINS, BIDEN = 222, 184


@dataclass(frozen=True)
class Compressed:
    """A CompressedImage, as far as the core knows it."""

    data: bytes


def blank(suffix: str, width: int, height: int) -> Compressed:
    return Compressed(cv2.imencode(suffix, np.zeros((height, width), np.uint8))[1].tobytes())


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Return ``jpeg`` with an EXIF header that says how it is to be turned."""
    entry = struct.pack('>HHHIHH', 1, 0x0112, 3, 1, orientation, 0)
    body = b'Exif\0\0MM\0*\0\0\0\x08' + entry + b'\0\0\0\0'
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(body) + 2) + body + jpeg[2:]


# How far


@pytest.mark.parametrize(
    'width, height, needed, expected',
    [
        (4096, 2160, 1920, 2),
        (2160, 4096, 1920, 2),
        (3840, 2160, 1920, 2),
        (3838, 2160, 1920, 1),
        (1920, 1080, 1920, 1),
        (4096, 2160, 1024, 4),
        (4096, 2160, 512, 8),
        (4096, 2160, 64, 8),
        (4096, 2160, math.inf, 1),
        # Both sides must be divisible.
        (4096, 2159, 1024, 1),
        (4094, 2160, 1, 2),
    ],
)
def test_the_reduction_leaves_the_needed_pixels(
    width: int, height: int, needed: float, expected: int
) -> None:
    assert reduction_of(blank('.jpg', width, height), needed) == expected


def test_nothing_but_jpeg_is_reduced() -> None:
    assert reduction_of(blank('.png', 4096, 2160), 100) == 1
    raw = SimpleNamespace(encoding='mono8', width=4096, height=2160, step=4096, data=b'')
    assert reduction_of(raw, 100) == 1


@pytest.mark.parametrize('data', [b'', b'\xff\xd8\xff', b'\xff\xd8\xff\xd9', b'no picture'])
def test_a_broken_header_is_left_to_the_decoder(data: bytes) -> None:
    assert reduction_of(Compressed(data), 100) == 1
    with pytest.raises(ImageError):
        decode_message(Compressed(data))


@pytest.mark.parametrize(
    'models, settings, expected',
    [
        (ModelNames(), Settings(), 1920),
        (ModelNames(detection_width=640), Settings(), 3840),
        # A classifier of 64 pixels
        (ModelNames(emotion='emotion_mini_xception'), Settings(), 2560),
        (ModelNames(), Settings(detect_far=True), math.inf),
    ],
)
def test_what_the_networks_need(models: ModelNames, settings: Settings, expected: float) -> None:
    assert Pipeline(settings, models).needed_side == expected


# Decoding


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('reduction', DECODING_FLAGS)
def test_a_pixel_is_the_mean_of_those_it_stands_for(channels: int, reduction: int) -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (9, 16, channels), dtype=np.uint8)
    picture = cv2.resize(coarse, (256, 144), interpolation=cv2.INTER_CUBIC)
    message = Compressed(
        cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    )
    full, found = decode_message(message), decode_message(message, reduction=reduction)
    assert full.shape == (144, 256, 3)[: 2 + (channels == 3)]
    assert found.shape == (144 // reduction, 256 // reduction, *full.shape[2:])
    expected = cv2.resize(full, found.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(found.astype(int) - expected).mean() < 1.5


def test_exif_orientation_is_honoured() -> None:
    picture = np.zeros((64, 128), np.uint8)
    picture[:32, :64] = 255
    jpeg = cv2.imencode('.jpg', picture)[1].tobytes()
    message = Compressed(with_orientation(jpeg, 6))
    assert reduction_of(message, 64) == 2
    found = decode_message(message, reduction=2)
    assert found.shape == (64, 32)
    # Turned clockwise by a quarter: the bright quarter is now the upper right one.
    assert found[4:28, 20:].mean() > 250 > 5 > found[4:28, :12].mean()


@pytest.mark.parametrize('size', [(4096, 2160), (8192, 8192)])
def test_a_header_that_lies_is_no_smaller_image(size: tuple[int, int]) -> None:
    jpeg = bytearray(cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes())
    struct.pack_into('>HH', jpeg, jpeg.find(b'\xff\xc0') + 5, size[1], size[0])
    message = Compressed(bytes(jpeg))
    assert image_size(message.data, 'JPEG') == size
    reduction = reduction_of(message, 1920)
    assert reduction > 1
    try:
        found = decode_message(message, reduction=reduction)
    except ImageError as error:
        # The size counts in full: 8192x8192 is refused whatever its reduction.
        assert error.reason == ('bad_size' if size == (8192, 8192) else 'undecodable')
    else:  # OpenCV 4.5 fills up what is missing.
        assert size == (4096, 2160)
        assert found.shape == (size[1] // reduction, size[0] // reduction, 3)


# Results


def process(
    data: bytes, reduced: bool, settings: Settings = SETTINGS, stamp: float = 1.0
) -> FrameResult:
    """Return what a new pipeline says to a JPEG, decoded in full or as far as is needed."""
    pipeline, message = Pipeline(settings), Compressed(data)
    reduction = reduction_of(message, pipeline.needed_side) if reduced else 1
    assert reduction == (2 if reduced else 1)
    return pipeline.process(decode_message(message, reduction=reduction), stamp, reduction)


def by_place(result: FrameResult) -> list[tuple[Box, str, str, np.ndarray]]:
    faces = sorted(result.faces, key=lambda face: (face.detection.box.x, face.detection.box.y))
    return [
        (
            face.detection.box,
            face.emotion.label if face.emotion else '',
            face.gender.label if face.gender else '',
            np.array(face.detection.landmarks),
        )
        for face in faces
    ]


def gray(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def plain(picture: np.ndarray) -> np.ndarray:
    return picture


def on_its_side(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(picture))


@pytest.mark.parametrize(
    'change, orientation, rotate, size',
    [
        (plain, 1, 0, (4096, 2160)),
        (gray, 1, 0, (4096, 2160)),
        (on_its_side, 1, 90, (2160, 4096)),
        # Turned in the file, and turned back by its header
        (on_its_side, 6, 0, (4096, 2160)),
        (plain, 6, 270, (2160, 4096)),
    ],
    ids=['colour', 'gray', 'rotate', 'EXIF', 'EXIF and rotate'],
)
def test_results_are_those_of_the_full_size(
    demo_frames: list[DemoFrame],
    change: Callable[[np.ndarray], np.ndarray],
    orientation: int,
    rotate: int,
    size: tuple[int, int],
) -> None:
    jpeg = with_orientation(large_jpeg(demo_frames[100].image, change), orientation)
    settings = replace(SETTINGS, rotate=rotate)
    full, reduced = process(jpeg, False, settings), process(jpeg, True, settings)
    assert (reduced.width, reduced.height) == (full.width, full.height) == size
    assert reduced.rotate == rotate
    found, expected = by_place(reduced), by_place(full)
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected):
        assert one[0].iou(other[0]) > 0.9
        assert one[1:3] == other[1:3]
        assert np.abs(one[3] - other[3]).max() < 0.1 * other[0].width


def test_min_face_size_is_in_pixels_of_the_image(demo_frames: list[DemoFrame]) -> None:
    jpeg = large_jpeg(demo_frames[100].image)
    sizes = sorted(min(box.width, box.height) for box, *_ in by_place(process(jpeg, False)))
    between = replace(SETTINGS, min_face_size=round((sizes[0] + sizes[-1]) / 2))
    expected = sum(size >= between.min_face_size for size in sizes)
    assert 0 < expected < 3
    assert sizes[-1] / 2 < between.min_face_size, 'a reduced face would be dropped'
    assert len(process(jpeg, True, between).faces) == expected


def test_detect_far_at_run_time_changes_neither_size_nor_ids(
    demo_frames: list[DemoFrame],
) -> None:
    message = Compressed(large_jpeg(demo_frames[100].image))
    pipeline = Pipeline(SETTINGS)
    intake = ImageIntake(pipeline)
    seen, reductions = [], []
    for frame in range(12):
        pipeline.settings = replace(SETTINGS, detect_far=4 <= frame < 8)
        reductions.append(reduction_of(message, pipeline.needed_side))
        image = decode_message(message, reduction=reductions[-1])
        result = intake.process(image, (1 + frame) * SECOND // 10, 0, reductions[-1])
        assert (result.width, result.height) == (4096, 2160)
        seen.append({face.id for face in result.faces})
    assert reductions == [2] * 4 + [1] * 4 + [2] * 4
    assert len(seen[0]) == 3
    assert all(seen[0] <= ids for ids in seen)


def test_far_faces_of_a_reduced_image(demo_frames: list[DemoFrame]) -> None:
    """Give the same results even where detect_far was set after the image was decoded."""
    image = np.full((720, 1280, 3), 110, np.uint8)
    image[:240, :320] = cv2.resize(
        demo_frames[100].image, (320, 240), interpolation=cv2.INTER_AREA
    )
    settings = replace(SETTINGS, detect_far=True)
    whole, reduced = Pipeline(settings), Pipeline(settings)
    for frame in range(60):
        expected = whole.process(image, frame / 20)
        found = reduced.process(image, frame / 20, 2)
        assert (found.width, found.height) == (2560, 1440)
        assert [face.id for face in found.faces] == [face.id for face in expected.faces]
        for one, other in zip(found.faces, expected.faces):
            assert one.detection == other.detection.scaled(2)
            assert one.estimates == other.estimates
    assert len(found.faces) == 3


def head(frame: DemoFrame) -> np.ndarray:
    """Return the only person in a frame, u8 [240, 180, 3]."""
    (face,) = frame.faces
    box = face.box
    x, y, width, height = Box(
        box.x - 0.5 * box.width, box.y - 0.6 * box.height, 2 * box.width, 2.4 * box.height
    ).region(640, 480)
    return cv2.resize(frame.image[y : y + height, x : x + width], (180, 240))


def test_the_tracker_knows_the_size_of_the_image(demo_frames: list[DemoFrame]) -> None:
    """Another person at the place of one who was lost inside the image has the same id."""
    pipeline = Pipeline(SETTINGS)
    numbers = []
    for stamp, frame in enumerate([COLLINS, BIDEN]):
        image = np.full((720, 1280, 3), 110, np.uint8)
        pipeline.process(image, stamp - 0.1, 2)
        image[200:440, 900:1080] = head(demo_frames[frame])
        (face,) = pipeline.process(image, float(stamp), 2).faces
        assert face.detection.box.x > image.shape[1]
        numbers.append(face.id)
    assert numbers[0] == numbers[1]


def test_people_look_the_same_at_any_reduction(demo_frames: list[DemoFrame]) -> None:
    jpeg = large_jpeg(demo_frames[100].image)
    full = decode_message(Compressed(jpeg))
    found = [face.detection for face in process(jpeg, True).faces]
    tracker = Tracker(Settings(confirm_frames=1))
    tracks = tracker.update(found, 0.0, decode_message(Compressed(jpeg), reduction=4), 4)
    assert len(tracks) == 3
    for track in tracks:
        expected = extract_appearance(full, track.detection.box)
        assert difference(track.appearance, expected) < 0.01


def test_a_face_inside_the_image_is_not_taken_for_one_that_left_it() -> None:
    tracker = Tracker(Settings(confirm_frames=1))
    found = [Detection(Box(3000, 400, 200, 200), 0.9)]
    # Stripes that change direction: the looks alone would make it another person.
    stripes = np.zeros((1080, 2048, 3), np.uint8)
    stripes[::50] = 255
    stripes[:, ::2, 0] = 255
    (before,) = tracker.update(found, 0.0, stripes, 2)
    number = before.id
    tracker.update([], 0.1, stripes, 2)
    (after,) = tracker.update(found, 0.2, 255 - stripes[::-1], 2)
    assert after.id == number


@pytest.mark.parametrize('reduction, error', [(0, ValueError), (-2, ValueError), (2.0, TypeError)])
def test_a_wrong_reduction_is_refused(
    pipeline: Pipeline, reduction: int, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f'reduction is {reduction}, but must be'):
        pipeline.process(np.zeros((48, 64), np.uint8), 0.0, reduction)


@pytest.mark.parametrize('rotate', [0, 90])
def test_explanations_lie_over_the_reduced_image(
    demo_frames: list[DemoFrame], rotate: int
) -> None:
    change = on_its_side if rotate else plain
    message = Compressed(large_jpeg(demo_frames[100].image, change))
    pipeline = Pipeline(replace(SETTINGS, rotate=rotate))
    detector, *classifiers = pipeline.sidecars
    explainer = Explainer(classifiers, detector.calibrated_as)
    full, half = decode_message(message), decode_message(message, reduction=2)
    result = pipeline.process(half, 0.0, 2)
    expected, found = (explainer(image, result, 'emotion') for image in (full, half))
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected):
        assert one.label == other.label
        assert one.square.scaled(2).iou(other.square) > 0.99
        assert np.corrcoef(one.gradient.ravel(), other.gradient.ravel())[0, 1] > 0.6
