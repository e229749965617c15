# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""One recording through the pipeline: a bag or a video in, a bag of results and tables out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
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
TICK = 0.1  # seconds

# Called with how much is done, of how much (0 if unknown), and what is counted: frame or B.
Progress = Callable[[int, int, str], None]


def open_recorded(source: str, max_image_pixels: int = MAX_PIXELS) -> Recording:
    """Open a bag or a video file; stamps of a video begin at zero.

    Compressed images of a bag of more than ``max_image_pixels`` are not decoded.

    Raises:
        RecordingError: it is missing, or is not a recording.
        MediaError: the video does not open.

    """
    path = Path(source)
    if is_bag(path):
        return BagRecording(path, max_image_pixels=max_image_pixels)
    if not path.exists():
        raise RecordingError(f'{source}: no such file or folder')
    media = open_media(str(path))
    if not isinstance(media, Video):
        raise RecordingError(f'{source} holds pictures, not a recording: use face-affect run')
    return MediaRecording(media, 0)


def choose_topic(recording: Recording, wanted: str | None, source: str) -> tuple[Topic, str]:
    """Return the image topic to process, and a note on those left out.

    A topic of depth images is taken only if it is ``wanted``.

    Raises:
        RecordingError: there is no such topic.

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
            return images[first], names and f'took {first}; --topic chooses another one: {names}'
        raise RecordingError(
            f'{source} has depth images only ({", ".join(images)}); if one is a camera for '
            'people, choose it by --topic'
        )
    held = ', '.join(f'{topic.name} ({topic.type})' for topic in recording.topics)
    raise RecordingError(
        f'{source} has no image topic{f" {wanted}" if wanted else ""}; it has {held}'
    )


class Pace:
    """Waits as long as the recording took."""

    def __init__(self, stopped: Stop) -> None:
        """Wait no longer once ``stopped``."""
        self._stopped = stopped
        self._start: float | None = None

    def wait_until(self, stamp: int) -> None:
        """Return when ``stamp``, nanoseconds, is due; the first one is at once."""
        seconds = stamp * 1e-9
        if self._start is None:
            self._start = time.monotonic() - seconds
        while not self._stopped and (left := self._start + seconds - time.monotonic()) > 0:
            time.sleep(min(left, TICK))


def process_bag(
    job: Job, progress: Progress | None = None, stopped: Stop | None = None
) -> JobResult:
    """Do a job, unless it was done already; what goes wrong stands in the outcome.

    Once ``stopped``, or else at a signal, it ends after the image in work, with a valid bag of
    what there is so far.
    """
    start = time.perf_counter()
    try:
        with StopSignal() if stopped is None else nullcontext(stopped) as stop:
            outcome = _process(job, progress or (lambda *_: None), stop)
    except FAILURES as error:
        outcome = JobResult(job, 'failed', error=printable(error))
    return replace(outcome, elapsed=time.perf_counter() - start)


def _process(job: Job, progress: Progress, stopped: Stop) -> JobResult:
    recording = open_recorded(job.source, job.options.max_image_pixels)
    topic, note = choose_topic(recording, job.options.topic, job.source)
    output = resolve_folder(job.output, Path(job.source))
    pipeline = Pipeline(job.options.settings, job.options.models)
    with work_folder(output) as folder:
        run = _Run(job, recording, topic, pipeline, progress, stopped)
        before = _standing(job)
        if before and before['complete'] and (known := run.compare(before)):
            return known
        new = folder / output.name
        outcome = run.write(new)
        if outcome.state == 'done' or not (before and before['complete']):
            replace_folder(new, output)
        else:
            note = f'{job.output} stays as it was'
    return replace(outcome, notes=(*filter(None, [note]), *outcome.notes))


def _standing(job: Job) -> dict[str, Any] | None:
    """Return the information of an output that exists already; None without one.

    Raises:
        OutputError: it is something else.

    """
    if not job.output.exists():
        return None
    known = read_information(job.output)
    if known is None:
        raise OutputError(f'{job.output} is there already, and no output of face-affect bag')
    return known


class _Run:
    """One recording on its way through a pipeline."""

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
        """Return the outcome if nothing is to be done; None if ``before`` is to be replaced.

        Only here the whole recording is hashed beforehand.

        Raises:
            OutputError: ``before`` must not be replaced.

        """
        self._hash_rest()
        if self._stopped:
            return JobResult(self._job, 'interrupted')
        if before['fingerprint'] == self._finished()['fingerprint']:
            return JobResult(self._job, 'skipped', before['frames'], before['dropped'])
        if not self._job.options.overwrite:
            raise OutputError(
                f'{self._job.output} is there already, made of another recording or with '
                'other settings or models; --overwrite replaces it'
            )
        return None

    def _hash_rest(self) -> None:
        hashing = self._hashing
        while not self._stopped and hashing.advance(hashing.done / max(hashing.size, 1)):
            self._progress(hashing.done, hashing.size, 'B')

    def _finished(self) -> dict[str, Any]:
        # What was interrupted is done again, whatever its hash.
        sha256 = '' if self._stopped else self._hashing.hexdigest()
        return with_fingerprint(self._description, Path(self._job.source), sha256)

    def write(self, folder: Path) -> JobResult:
        """Write the output to ``folder``."""
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
        # Beside the reading, while the file is in the system's cache
        self._hashing.advance(min(count / announced, 1.0) if announced else 0.0)
        self._progress(count, announced, 'frame')
