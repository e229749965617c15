# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Results as messages: every field of the definitions, encoded and decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from face_affect.bags.recordings.message_types import (
    definitions_folder,
    known_types,
    result_to_cdr,
    RESULT_TYPE,
)
from face_affect.core.codec import decode_result
from face_affect.core.faces import (
    Box,
    Detection,
    EMOTIONS,
    Estimate,
    Face,
    FrameResult,
    GENDERS,
    Location,
    UNKNOWN,
)

STAMP = 1_735_689_600_500_000_000
# Not part of a result: rectification is up to the camera, and landmarks are in the image plane.
FIXED = {'faces.roi.do_rectify', 'faces.landmarks.z'}
# Computed from the probabilities
DERIVED = {
    f'faces.{task}.{frame}confidence' for task in ('emotion', 'gender') for frame in ('', 'frame_')
}


GENDER = Estimate(GENDERS, (0.25, 0.75), (0.375, 0.625))


def emotion(**changes: Any) -> Estimate:
    estimate = Estimate(
        EMOTIONS,
        (0.0625, 0.0625, 0.0625, 0.5, 0.0625, 0.125, 0.125),
        (0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.25),
    )
    return replace(estimate, **changes)


def a_result(**changes: Any) -> FrameResult:
    face = Face(
        7,
        Detection(
            Box(11.0, 12.0, 113.0, 114.0),
            0.75,
            ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0), (9.0, 10.0)),
        ),
        1.25,
        25,
        {'emotion': emotion(), 'gender': GENDER},
        Location((0.5, 0.25, 0.75), (1.5, 1.25, 2.5)),
    )
    return FrameResult(STAMP * 1e-9, 640, 480, (replace(face, **changes),), {'total': 0.0})


def message_of(result: FrameResult) -> Any:
    data = result_to_cdr(result, STAMP, 'camera')
    return known_types().deserialize_cdr(data, RESULT_TYPE)


def leaves(message: Any, name: str = '') -> Iterator[tuple[str, Callable[[Any], None], Any]]:
    """Yield name, setter and value of each number, string and flag in ``message``."""
    for field, _ in known_types().fielddefs[message.__msgtype__][1]:
        value = getattr(message, field)
        full = f'{name}.{field}'.lstrip('.')
        for each in value if isinstance(value, list) else [value]:
            if hasattr(each, '__msgtype__'):
                yield from leaves(each, full)
            else:

                def change(to: Any, field: str = field) -> None:
                    setattr(message, field, to)

                yield full, change, each


def test_every_message_of_the_package_is_reached() -> None:
    kinds = {path.stem for path in definitions_folder().glob('*.msg')}
    assert kinds == {'Emotion', 'FaceAffect', 'FaceAffectArray', 'Gender'}
    names = {name for name, _, _ in leaves(message_of(a_result()))}
    assert {'faces.emotion.label', 'faces.gender.label', 'faces.position.z', 'faces.id'} <= names


def test_every_field_is_written() -> None:
    names = [
        name
        for name, _, value in leaves(message_of(a_result()))
        if name not in FIXED
        and not name.startswith('processing_time')
        and not (any(value.tolist()) if isinstance(value, np.ndarray) else value)
    ]
    assert names == []


def test_every_field_is_read() -> None:
    """A change of any field of the message changes the decoded result."""
    before = repr(decode_result(message_of(a_result())))
    count = len(list(leaves(message_of(a_result()))))
    unread = set()
    for number in range(count):
        message = message_of(a_result())
        name, change, value = list(leaves(message))[number]
        if isinstance(value, np.ndarray):
            change(value[::-1].copy())
        elif isinstance(value, str):
            change(f'{value}x')
        elif name.endswith('label'):
            change(255)
        elif name.endswith('confidence'):
            change(value / 2)
        else:
            # A nanosecond is less than the resolution of seconds since 1970 as floats.
            step = 1_000_000 if name.endswith('nanosec') else 1
            change(not value if isinstance(value, bool) else value + step)
        if repr(decode_result(message)) == before:
            unread.add(name)
    # The frame id stays in the header, which is not part of the result.
    assert unread == FIXED | DERIVED | {'header.frame_id'}


def test_a_result_comes_back_as_it_was() -> None:
    result = a_result()
    back = decode_result(message_of(result))
    assert (back, back.timings) == (result, result.timings)
    assert back.faces[0].location == Location((0.5, 0.25, 0.75), (1.5, 1.25, 2.5))


@pytest.mark.parametrize(
    'location', [None, Location((0.0, 0.6, 0.8)), Location((0.0, 0.6, 0.8), (0.0, 1.2, 1.6))]
)
def test_bearing_and_position_survive_a_bag(location: Location | None) -> None:
    message = message_of(a_result(location=location))
    assert message.faces[0].has_bearing is (location is not None)
    assert message.faces[0].has_position is bool(location and location.position)
    assert decode_result(message).faces[0].location == location


@pytest.mark.parametrize(
    'min_confidence, labels',
    [
        (0.0, ('happy', 'neutral')),
        (0.25, ('happy', 'neutral')),
        (0.375, ('happy', UNKNOWN)),
        (0.5, ('happy', UNKNOWN)),
        (0.625, (UNKNOWN, UNKNOWN)),
    ],
)
def test_unknown_labels_come_back_with_a_finite_threshold(
    min_confidence: float, labels: tuple[str, str]
) -> None:
    written = emotion(min_confidence=min_confidence)
    back = decode_result(message_of(a_result(estimates={'emotion': written}))).faces[0].emotion
    assert back is not None
    assert (written.label, written.frame_label) == labels
    assert (back.label, back.frame_label) == labels
    assert 0 <= back.min_confidence <= 1
    assert back.probabilities == written.probabilities


def test_a_task_that_is_off_stays_off() -> None:
    message = message_of(a_result(estimates={'gender': GENDER}))
    assert (message.faces[0].emotion.label, message.faces[0].emotion.frame_label) == (255, 255)
    back = decode_result(message).faces[0]
    assert back.emotion is None and back.gender is not None
