# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Process one recording: a bag or a video in, a bag of results and tables out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
import math
from pathlib import Path
import time
from typing import Any

from face_affect.bags.batch.job import (
    describe_run,
    FileHash,
    Job,
    JobResult,
    read_information,
    with_fingerprint,
)
from face_affect.bags.batch.result_writer import PICTURE_TOPIC, ResultWriter
from face_affect.bags.recordings.bag_reader import (
    BagRecording,
    IMAGE_TYPES,
    MediaRecording,
    Message,
    Recording,
    RecordingError,
    Topic,
)
from face_affect.bags.recordings.bag_writer import BagWriter
from face_affect.bags.recordings.depth_topics import DEPTH, depth_rank
from face_affect.core.images import MAX_PIXELS
from face_affect.core.models import ModelError
from face_affect.core.pictures import PictureReader
from face_affect.core.pipeline import Pipeline
from face_affect.core.text import printable
from face_affect.extras import MissingExtraError
from face_affect.media import MediaError, open_media, Video
from face_affect.media.files import is_bag
from face_affect.outputs import OutputError, replace_folder, resolve_folder, work_folder
from face_affect.signals import Stop, StopSignal

FAILURES = (MediaError, ModelError, MissingExtraError, OSError, ValueError)
TICK = 0.1  # seconds between checks for a signal

# Called with the amount done, the total (0 if unknown), and the unit: frame or B (bytes).
Progress = Callable[[int, int, str], None]


def open_recorded(
    source: str, max_image_pixels: int = MAX_PIXELS, needed_side: float = math.inf
) -> Recording:
    """Open a bag or a video file; the stamps of a video begin at zero.

    Args:
        source: the path of a bag or a video.
        max_image_pixels: maximum size (width x height) of a bag's compressed image to decode.
        needed_side: minimum longer side in pixels to which a bag's JPEG is reduced.

    Raises:
        RecordingError: the file is missing, or is not a recording.
        MediaError: the video does not open.

    """
    path = Path(source)
    if is_bag(path):
        return BagRecording(path, None, max_image_pixels, needed_side)
    if not path.exists():
        raise RecordingError(f'{source}: no such file or folder')
    media = open_media(str(path))
    if not isinstance(media, Video):
        raise RecordingError(f'{source} has images, not a recording: use face-affect run')
    return MediaRecording(media, 0)


def choose_topic(recording: Recording, wanted: str | None, source: str) -> tuple[Topic, str]:
    """Return the image topic to process, and a note on the other image topics ('' if none).

    ``wanted``: the name of the topic; None: the first one that has no depth images.

    Raises:
        RecordingError: there is no image topic of that name, or all have depth images.

    """
    images = {
        topic.name: topic
        for topic in recording.topics
        if topic.type in IMAGE_TYPES and topic.name != PICTURE_TOPIC
    }
    if wanted in images:
        return images[wanted], ''
    if wanted is None and images:
        ranks = {name: depth_rank(recording, topic) for name, topic in images.items()}
        first = min(images, key=lambda name: ranks[name])
        if ranks[first] < DEPTH:
            names = ', '.join(name for name in images if name != first)
            return images[first], names and f'read {first}; --topic chooses another one: {names}'
        raise RecordingError(
            f'{source} has depth images only ({", ".join(images)}); if one of them is an '
            'infrared or grey image, choose it by --topic'
        )
    held = ', '.join(f'{topic.name} ({topic.type})' for topic in recording.topics)
    raise RecordingError(
        f'{source} has no image topic{f" {wanted}" if wanted else ""}; it has {held}'
    )


class Pace:
    """Delays messages to the rate at which they were recorded."""

    def __init__(self, stopped: Stop) -> None:
        """Start with the first message; ``stopped`` ends all waits."""
        self._stopped = stopped
        self._start: float | None = None

    def wait_until(self, stamp: int) -> None:
        """Wait until ``stamp``, nanoseconds, is due; the first call returns at once."""
        seconds = stamp * 1e-9
        if self._start is None:
            self._start = time.monotonic() - seconds
        while not self._stopped and (left := self._start + seconds - time.monotonic()) > 0:
            time.sleep(min(left, TICK))


def process_bag(
    job: Job, progress: Progress | None = None, stopped: Stop | None = None
) -> JobResult:
    """Process a job, unless its output is up to date, and return the outcome, errors included.

    Args:
        job: the recording, its output and the options.
        progress: called with the progress of reading or hashing.
        stopped: true to end; None: SIGINT, SIGTERM or SIGHUP ends. The image under way is
            finished, and the output is a valid bag of the results so far.

    """
    start = time.perf_counter()
    try:
        with StopSignal() if stopped is None else nullcontext(stopped) as stop:
            outcome = _process(job, progress or (lambda *_: None), stop)
    except FAILURES as error:
        outcome = JobResult(job, 'failed', error=printable(error))
    return replace(outcome, elapsed=time.perf_counter() - start)


def _process(job: Job, progress: Progress, stopped: Stop) -> JobResult:
    pipeline = Pipeline(job.options.settings, job.options.models)
    recording = open_recorded(job.source, job.options.max_image_pixels, pipeline.needed_side)
    topic, note = choose_topic(recording, job.options.topic, job.source)
    output = resolve_folder(job.output, Path(job.source))
    with work_folder(output) as folder:
        run = _Run(job, recording, topic, pipeline, progress, stopped)
        before = _existing_output(job)
        if before and before['complete'] and (known := run.compare(before)):
            return known
        new = folder / output.name
        outcome = run.write(new)
        if outcome.state == 'done' or not (before and before['complete']):
            replace_folder(new, output)
        else:
            note = f'kept the complete output {job.output} of an earlier run'
    return replace(outcome, notes=(*filter(None, [note]), *outcome.notes))


def _existing_output(job: Job) -> dict[str, Any] | None:
    """Return the metadata of an output that exists already; None without one.

    Raises:
        OutputError: the path exists, but is not an output of face-affect bag.

    """
    if not job.output.exists():
        return None
    known = read_information(job.output)
    if known is None:
        raise OutputError(
            f'cannot write {job.output}: it exists and is not an output of face-affect bag; '
            'choose another path'
        )
    return known


class _Run:
    """The processing of one recording."""

    def __init__(
        self,
        job: Job,
        recording: Recording,
        topic: Topic,
        pipeline: Pipeline,
        progress: Progress,
        stopped: Stop,
    ) -> None:
        """Prepare; nothing is read yet."""
        self._job = job
        self._recording = recording
        self._topic = topic
        self._reader = PictureReader(pipeline)
        self._description = describe_run(job, topic.name, pipeline.sidecars)
        self._hashing = FileHash(Path(job.source))
        self._progress = progress
        self._stopped = stopped

    def compare(self, before: dict[str, Any]) -> JobResult | None:
        """Return the outcome if the output is up to date; None if it is to be replaced.

        ``before``: the metadata of the existing output. The whole recording is hashed first.

        Raises:
            OutputError: the output was made otherwise, and overwriting it is not allowed.

        """
        self._hash_rest()
        if self._stopped:
            return JobResult(self._job, 'interrupted')
        if before['fingerprint'] == self._finished()['fingerprint']:
            return JobResult(self._job, 'skipped', before['frames'], before['dropped'])
        if not self._job.options.overwrite:
            raise OutputError(
                f'cannot write {self._job.output}: it exists and was made of another recording '
                'or with other settings or models; --overwrite replaces it'
            )
        return None

    def _hash_rest(self) -> None:
        hashing = self._hashing
        while not self._stopped and hashing.advance(hashing.done / max(hashing.size, 1)):
            self._progress(hashing.done, hashing.size, 'B')

    def _finished(self) -> dict[str, Any]:
        # No hash for an interrupted run: it is always processed again.
        sha256 = '' if self._stopped else self._hashing.hexdigest()
        return with_fingerprint(self._description, Path(self._job.source), sha256)

    def write(self, folder: Path) -> JobResult:
        """Process the recording, write the output to ``folder``, and return the outcome."""
        job, reader, announced = self._job, self._reader, self._topic.count
        kept = self._recording.topics if job.options.keep else []
        with BagWriter(folder, job.options.storage) as bag:
            output = ResultWriter(bag, folder, job.options, kept)
            error = ''
            try:
                self._read_all(output)
            except (RecordingError, MediaError) as broken:
                if not reader.count:
                    raise
                error = printable(broken)
            self._hash_rest()
            state = 'interrupted' if self._stopped else 'partial' if error else 'done'
            dropped = dict(sorted(reader.dropped.items()))
            output.close(
                {
                    **self._finished(),
                    'frames': reader.count,
                    'announced': announced,
                    'dropped': dropped,
                    'complete': state == 'done',
                    'error': error,
                }
            )
        notes = [f'{reason}: {text}' for reason, text in reader.errors.items()]
        if state == 'done' and reader.count < announced:
            notes.append(f'{job.source} announces {announced} images, but has {reader.count}')
        return JobResult(job, state, reader.count, dropped, error=error, notes=tuple(notes))

    def _read_all(self, output: ResultWriter) -> None:
        pace = Pace(self._stopped)
        for message in self._recording.messages(self._wanted):
            if self._job.options.pace:
                pace.wait_until(message.stamp)
            if self._stopped:
                return
            output.keep(message)
            if message.topic == self._topic.name:
                self._read(message, output)

    @property
    def _wanted(self) -> list[str] | None:
        return None if self._job.options.keep else [self._topic.name]

    def _read(self, message: Message, output: ResultWriter) -> None:
        processed = self._reader.read(self._recording.picture(message))
        if processed is not None:
            output.add(processed)
        count, announced = self._reader.count, self._topic.count
        # Hash while reading: the file is in the page cache.
        self._hashing.advance(min(count / announced, 1.0) if announced else 0.0)
        self._progress(count, announced, 'frame')
