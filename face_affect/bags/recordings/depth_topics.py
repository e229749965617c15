# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Which image topics of a recording are a camera's, and which have depth images."""

from __future__ import annotations

from contextlib import suppress

from face_affect.bags.recordings.bag_reader import MediaRecording, Recording, Topic

# Words in the names of depth topics, and encodings that only depth images have
DEPTH_NAMES, DEPTH_ENCODINGS = ('depth', 'disparity'), ('32FC1', 'compressedDepth')
CAMERA, PERHAPS, DEPTH = range(3)


def depth_rank(recording: Recording, topic: Topic) -> int:
    """Return whether a topic has a camera's images, DEPTH images, or PERHAPS the one or other."""
    if any(word in topic.name.lower() for word in DEPTH_NAMES):
        return DEPTH
    encoding = _first_encoding(recording, topic)
    if any(word in encoding for word in DEPTH_ENCODINGS):
        return DEPTH
    # Depth in millimetres, or an infrared camera
    return PERHAPS if encoding == '16UC1' else CAMERA


def _first_encoding(recording: Recording, topic: Topic) -> str:
    """Return encoding or format of the first image; empty if it cannot be read."""
    if isinstance(recording, MediaRecording):
        return ''
    with suppress(ValueError, StopIteration):
        message = recording.parse(next(iter(recording.messages([topic.name]))))
        return str(getattr(message, 'encoding', '') or getattr(message, 'format', ''))
    return ''
