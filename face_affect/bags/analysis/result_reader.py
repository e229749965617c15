# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read the results in a bag, written by face-affect bag or recorded from a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from face_affect.bags.batch.job import read_information
from face_affect.bags.recordings.bag_reader import BagRecording, RecordingError
from face_affect.bags.recordings.message_types import RESULT_TYPE
from face_affect.core.codec import decode_result
from face_affect.core.faces import FrameResult
from face_affect.core.stamps import to_nanoseconds


@dataclass(frozen=True)
class Result:
    """The result of one image; ``recorded``: its time of recording, nanoseconds."""

    frame: FrameResult
    recorded: int


@dataclass(frozen=True)
class Results:
    """The results of a bag on ``topic``.

    ``results``: by the stamp of their image, nanoseconds, in order of it. ``information``: the
    metadata that face-affect bag wrote (see ``describe_run``); empty for other bags.
    """

    path: Path
    topic: str
    results: Mapping[int, Result]
    information: Mapping[str, Any]

    @property
    def ids(self) -> list[int]:
        """All ids, in increasing order."""
        return sorted({face.id for result in self.results.values() for face in result.frame.faces})


def read_results(path: Path, topic: str | None = None) -> Results:
    """Return the results in a bag, on ``topic`` or on the only topic that has any.

    Raises:
        RecordingError: the bag or a result is broken, the bag has no results, or it has several
            topics of results and ``topic`` is None.

    """
    recording = BagRecording(path)
    names = [each.name for each in recording.topics if each.type == RESULT_TYPE]
    chosen = [name for name in names if topic in (None, name)]
    if not chosen:
        wanted = f'no results on {topic}' if topic else f'no results ({RESULT_TYPE})'
        held = ', '.join(each.name for each in recording.topics)
        raise RecordingError(
            f'bag {path} has {wanted}; it has {held}; face-affect bag makes results of images'
        )
    if len(chosen) > 1:
        raise RecordingError(
            f'bag {path} has results on {", ".join(chosen)}: choose one by --topic'
        )
    results: dict[int, Result] = {}
    for message in recording.messages(chosen):
        try:
            parsed = recording.parse(message)
            # A camera driver without a clock stamps zero.
            stamp = to_nanoseconds(parsed.header.stamp) or message.stamp
            results[stamp] = Result(decode_result(parsed), message.stamp)
        except ValueError as error:
            raise RecordingError(
                f'bag {path}: result recorded at {message.stamp} ns: {error}'
            ) from error
    return Results(path, chosen[0], dict(sorted(results.items())), read_information(path) or {})
