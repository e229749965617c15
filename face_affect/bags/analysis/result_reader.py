# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The results in a bag, of face-affect bag or recorded from a node."""

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
    """What was read in one image; ``recorded`` nanoseconds, when the bag got to have it."""

    frame: FrameResult
    recorded: int


@dataclass(frozen=True)
class Results:
    """All results of a bag by their image's stamp, nanoseconds, in order of time.

    ``information`` is what face-affect bag has noted on its making; empty in other bags.
    """

    path: Path
    topic: str
    results: Mapping[int, Result]
    information: Mapping[str, Any]

    @property
    def ids(self) -> list[int]:
        """All ids, in order."""
        return sorted({face.id for result in self.results.values() for face in result.frame.faces})


def read_results(path: Path, topic: str | None = None) -> Results:
    """Read the results in a bag, of ``topic`` or of the only topic that has any.

    Raises:
        RecordingError: the bag or a result is broken, or it has none, or has several and none is
            chosen.

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
        parsed = recording.parse(message)
        # Without a clock, a camera stamps zero.
        stamp = to_nanoseconds(parsed.header.stamp) or message.stamp
        try:
            results[stamp] = Result(decode_result(parsed), message.stamp)
        except ValueError as error:
            raise RecordingError(f'bag {path}: result of stamp {stamp} ns: {error}') from error
    return Results(path, chosen[0], dict(sorted(results.items())), read_information(path) or {})
