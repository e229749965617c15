# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Distinguish the colour image topics of a recording from depth image topics."""

from __future__ import annotations

from contextlib import suppress

from face_affect.bags.recordings.bag_reader import MediaRecording, Recording, Topic

# Substrings of depth topics' names, and of encodings that only depth images have
DEPTH_NAMES, DEPTH_ENCODINGS = ('depth', 'disparity'), ('32FC1', 'compressedDepth')
CAMERA, PERHAPS, DEPTH = range(3)


def depth_rank(recording: Recording, topic: Topic) -> int:
    """Return CAMERA for colour or grey images, DEPTH for depth, PERHAPS if it may be either."""
    if any(word in topic.name.lower() for word in DEPTH_NAMES):
        return DEPTH
    encoding = _first_encoding(recording, topic)
    if any(word in encoding for word in DEPTH_ENCODINGS):
        return DEPTH
    # 16UC1: depth in millimetres, or an infrared camera
    return PERHAPS if encoding == '16UC1' else CAMERA


def _first_encoding(recording: Recording, topic: Topic) -> str:
    """Return the encoding or format of the first image; '' if it cannot be read."""
    if isinstance(recording, MediaRecording):
        return ''
    with suppress(ValueError, StopIteration):
        message = recording.parse(next(iter(recording.messages([topic.name]))))
        return str(getattr(message, 'encoding', '') or getattr(message, 'format', ''))
    return ''
