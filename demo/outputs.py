# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Files written by the demo: a video, a contact sheet and a bag of results."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from face_affect.bags.recordings.bag_reader import TimedMessage, Topic
from face_affect.bags.recordings.bag_writer import BagWriter
from face_affect.bags.recordings.message_types import message_definition, RESULT_TYPE
from face_affect.core.annotation import contact_sheet
from face_affect.core.images import decode_compressed
from face_affect.media.writer import write_picture
from face_affect.outputs import output_path, work_folder

VIDEO_NAME, SHEET_NAME, RESULTS_NAME = 'annotated.mp4', 'contact_sheet.png', 'results.mcap'
TIME_BASE = Fraction(1, 90_000)  # seconds; usual in MP4
ASSUMED_FRAME_TIME = 3_000  # in TIME_BASE, for stamps that do not increase
SHEET_PICTURES = 12  # images of the contact sheet
KEPT_PICTURES = 4 * SHEET_PICTURES  # maximum number of candidates in memory


class AnnotatedVideo:
    """Writes JPEG images as H.264 video with their timestamps.

    A separate thread encodes, so that measured latencies do not include it.
    """

    def __init__(self, path: Path) -> None:
        """Write to ``path``; without images, no file is written."""
        self._output = ExitStack()
        self._path = self._output.enter_context(output_path(path))
        self._pool = ThreadPoolExecutor(1, 'video')
        self._jobs: deque[Future[None]] = deque()
        self._container: Any = None
        self._stream: Any = None
        self._start = 0
        self._last = -ASSUMED_FRAME_TIME

    def add(self, stamp: int, jpeg: bytes) -> None:
        """Append an image; ``stamp`` nanoseconds. Re-raises errors of earlier images."""
        while self._jobs and self._jobs[0].done():
            self._jobs.popleft().result()
        self._jobs.append(self._pool.submit(self._write, stamp, jpeg))

    def close(self) -> None:
        """Write the remaining images and close the file."""
        with self._output:
            try:
                for job in self._jobs:
                    job.result()
                if self._container is not None:
                    self._container.mux(self._stream.encode())
            finally:
                self._pool.shutdown(cancel_futures=True)
                if self._container is not None:
                    self._container.close()

    def _open(self, stamp: int, width: int, height: int) -> None:
        self._start = stamp
        self._container = av.open(str(self._path), 'w', options={'movflags': 'faststart'})
        self._stream = self._container.add_stream(
            'libx264', options={'crf': '20', 'preset': 'veryfast'}
        )
        # With 4:2:0 subsampling, sizes must be even.
        self._stream.width, self._stream.height = max(width & ~1, 2), max(height & ~1, 2)
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = self._stream.time_base = TIME_BASE

    def _write(self, stamp: int, jpeg: bytes) -> None:
        picture = decode_compressed(jpeg)
        if self._container is None:
            self._open(stamp, picture.shape[1], picture.shape[0])
        size = (self._stream.width, self._stream.height)
        if (picture.shape[1] & ~1, picture.shape[0] & ~1) == size:
            picture = np.ascontiguousarray(picture[: size[1], : size[0]])
        else:
            picture = np.asarray(cv2.resize(picture, size), dtype=np.uint8)
        due = round((stamp - self._start) * 1e-9 / TIME_BASE)
        self._last = due if due > self._last else self._last + ASSUMED_FRAME_TIME
        frame = av.VideoFrame.from_ndarray(picture, format='bgr24')
        frame.pts, frame.time_base = self._last, TIME_BASE
        self._container.mux(self._stream.encode(frame))


class Samples:
    """Keeps evenly spaced samples of a sequence of images of unknown length."""

    def __init__(self) -> None:
        """Start without samples."""
        self._kept: list[bytes] = []
        self._step = 1
        self._offered = 0

    def offer(self, picture: bytes) -> None:
        """Add an image, which is kept if it is one of the samples."""
        if self._offered % self._step == 0:
            self._kept.append(picture)
        self._offered += 1
        if len(self._kept) > KEPT_PICTURES:
            self._kept = self._kept[::2]
            self._step *= 2

    def choose(self, number: int) -> list[bytes]:
        """Return at most ``number`` samples, in order."""
        number = min(number, len(self._kept))
        return [self._kept[(2 * i + 1) * len(self._kept) // (2 * number)] for i in range(number)]


class ContactSheet:
    """A contact sheet of samples, of images with faces if there are any."""

    def __init__(self, path: Path) -> None:
        """Write to ``path``; without images, no file is written."""
        self._path = path
        self._with_faces = Samples()
        self._all = Samples()

    def add(self, jpeg: bytes, has_faces: bool) -> None:
        """Add an image as a candidate."""
        self._all.offer(jpeg)
        if has_faces:
            self._with_faces.offer(jpeg)

    def close(self) -> None:
        """Write the file."""
        chosen = self._with_faces.choose(SHEET_PICTURES) or self._all.choose(SHEET_PICTURES)
        if not chosen:
            return
        sheet = contact_sheet([decode_compressed(jpeg) for jpeg in chosen])
        write_picture(self._path, sheet)


class ResultsBag:
    """A single MCAP file with the results as received, in serialised form."""

    def __init__(self, path: Path, topic: str) -> None:
        """Write messages of ``topic`` to ``path``."""
        self._path = path
        self._topic = topic
        # The MCAP file of a bag can be read without the folder's metadata.
        self._work = ExitStack()
        self._folder = self._work.enter_context(work_folder(path)) / 'results'
        self._bag = BagWriter(self._folder)
        self._bag.advertise(Topic(topic, RESULT_TYPE, *message_definition(RESULT_TYPE)))

    def add(self, stamp: int, data: bytes) -> None:
        """Append a serialised message; ``stamp`` nanoseconds."""
        self._bag.write(TimedMessage(self._topic, stamp, data))

    def close(self) -> None:
        """Close the file."""
        with self._work:
            self._bag.close()
            with output_path(self._path) as temporary:
                next(self._folder.glob('*.mcap')).replace(temporary)


class Outputs:
    """All files of one run."""

    def __init__(self, folder: Path, topic: str) -> None:
        """Write into ``folder``, which must exist; ``topic`` is that of the results."""
        self.paths = tuple(folder / name for name in (VIDEO_NAME, SHEET_NAME, RESULTS_NAME))
        self._video = AnnotatedVideo(self.paths[0])
        self._sheet = ContactSheet(self.paths[1])
        self._results = ResultsBag(self.paths[2], topic)

    def add_result(self, stamp: int, data: bytes) -> None:
        """Record a serialised FaceAffectArray; ``stamp`` nanoseconds."""
        self._results.add(stamp, data)

    def add_picture(self, stamp: int, jpeg: bytes, has_faces: bool) -> None:
        """Record an annotated image; ``stamp`` nanoseconds."""
        self._video.add(stamp, jpeg)
        self._sheet.add(jpeg, has_faces)

    def close(self) -> None:
        """Close all files."""
        try:
            self._results.close()
            self._sheet.close()
        finally:
            self._video.close()
