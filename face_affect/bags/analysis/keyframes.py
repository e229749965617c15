# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Key frames of a recording that together show all tracked faces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face_affect.bags.analysis.result_reader import Results
from face_affect.bags.analysis.timeline import face_timelines
from face_affect.bags.batch.result_writer import PICTURE_TOPIC
from face_affect.bags.recordings.bag_reader import IMAGE_TYPES, Recording, Topic
from face_affect.bags.recordings.depth_topics import DEPTH, depth_rank
from face_affect.core.annotation import annotate, blur_faces
from face_affect.core.faces import FrameResult
from face_affect.core.images import encode_jpeg, ImageError

MAX_PICTURES = 12
WIDTH = 480  # maximum, pixels
QUALITY = 80  # of JPEG, 0..100


@dataclass(frozen=True)
class Keyframe:
    """An annotated JPEG; ``time``: seconds since the first result; ``ids``: the faces in it."""

    time: float
    ids: tuple[int, ...]
    jpeg: bytes


def choose(results: Results) -> list[int]:
    """Return the stamps, nanoseconds, of at most ``MAX_PICTURES`` images that show all faces.

    Each id contributes the image with the most faces and, among those, its highest detection
    score; ids with the longest tracks come first. The rest is evenly spaced in time.
    """
    stamps = list(results.results)
    persons = sorted(face_timelines(results), key=lambda person: -len(person.times))
    chosen: set[int] = set()
    for person in persons[:MAX_PICTURES]:
        scores = {
            stamp: face.detection.score
            for stamp, result in results.results.items()
            for face in result.frame.faces
            if face.id == person.id
        }
        shown = {face.id for stamp in chosen for face in results.results[stamp].frame.faces}
        if person.id not in shown:
            chosen.add(
                max(
                    scores,
                    key=lambda stamp: (len(results.results[stamp].frame.faces), scores[stamp]),
                )
            )
    with_faces = [stamp for stamp in stamps if results.results[stamp].frame.faces] or stamps
    for i in range(MAX_PICTURES):
        if len(chosen) < min(MAX_PICTURES, len(with_faces)):
            chosen.add(with_faces[(2 * i + 1) * len(with_faces) // (2 * MAX_PICTURES)])
    return sorted(chosen)


def picture_topic(recording: Recording) -> Topic | None:
    """Return the topic to read images from: a camera's, else annotated images; None: neither."""
    images = [topic for topic in recording.topics if topic.type in IMAGE_TYPES and topic.count]
    annotated = [topic for topic in images if topic.name == PICTURE_TOPIC]
    ranks = {topic.name: depth_rank(recording, topic) for topic in images}
    cameras = [topic for topic in images if ranks[topic.name] < DEPTH and topic not in annotated]
    cameras.sort(key=lambda topic: ranks[topic.name])
    return next(iter([*cameras, *annotated]), None)


def keyframes(
    results: Results, recording: Recording, topic: Topic, blur: bool = False
) -> Iterator[Keyframe]:
    """Yield key frames from the images on ``topic``.

    ``blur``: make detected faces unrecognisable; undetected ones stay as they are.
    """
    wanted = set(choose(results))
    first = next(iter(results.results), 0)
    for message in recording.messages([topic.name]):
        if not wanted:
            return
        picture = recording.picture(message)
        if picture.time not in wanted:
            continue
        try:
            image = picture.decode()
        except ImageError:
            continue
        wanted.remove(picture.time)
        result = results.results[picture.time].frame
        jpeg = _render(image, result, topic.name == PICTURE_TOPIC, blur)
        yield Keyframe(
            (picture.time - first) * 1e-9, tuple(face.id for face in result.faces), jpeg
        )


def _render(image: NDArray[np.uint8], result: FrameResult, annotated: bool, blur: bool) -> bytes:
    if blur:
        image = blur_faces(image, result)
    shown: Any = FrameResult(result.stamp, result.width, result.height) if annotated else result
    return encode_jpeg(annotate(image, shown, min(1.0, WIDTH / image.shape[1])), QUALITY)
