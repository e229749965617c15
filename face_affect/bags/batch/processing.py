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

from face_affect.bags.batch.frame_reader import FrameReader
from face_affect.bags.batch.job import describe_run, Job, JobResult, read_information
from face_affect.bags.batch.result_writer import PICTURE_TOPIC, ResultWriter
from face_affect.bags.recordings.bag_reader import (
    BagRecording,
    IMAGE_TYPES,
    is_bag,
    MediaRecording,
    Recording,
    RecordingError,
    Topic,
)
from face_affect.core.models import ModelError
from face_affect.core.text import printable
from face_affect.extras import MissingExtraError
from face_affect.media import MediaError, open_media, Video
from face_affect.outputs import OutputError, replace_folder, resolve_folder, work_folder
from face_affect.signals import Stop, StopSignal

FAILURES = (MediaError, ModelError, MissingExtraError, OSError, ValueError)
TICK = 0.1  # seconds

# Called after each image with the number of images in the recording, 0 if nobody knows.
Progress = Callable[[int], None]


def open_recorded(source: str) -> Recording:
    """Open a bag or a video file; stamps of a video begin at zero.

    Raises:
        RecordingError: there is none, or it is no recording.
        MediaError: the video does not open.

    """
    path = Path(source)
    if is_bag(path):
        return BagRecording(path)
    if not path.exists():
        raise RecordingError(f'{source}: no such file or folder')
    media = open_media(str(path))
    if not isinstance(media, Video):
        raise RecordingError(f'{source} is no recording, but pictures: use face-affect run')
    return MediaRecording(media, 0)


def choose_topic(recording: Recording, wanted: str | None, source: str) -> tuple[Topic, str]:
    """Return the image topic to process, and a note on those left out.

    Raises:
        RecordingError: there is no image topic, or not the one wanted.

    """
    images = {
        topic.name: topic
        for topic in recording.topics
        if topic.type in IMAGE_TYPES and topic.name != PICTURE_TOPIC
    }
    if wanted in images:
        return images[wanted], ''
    if images and wanted is None:
        first, *others = images.values()
        names = ', '.join(topic.name for topic in others)
        return first, names and f'took {first.name}; --topic chooses another one: {names}'
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
            outcome = _process(job, progress or (lambda total: None), stop)
    except FAILURES as error:
        outcome = JobResult(job, 'failed', error=printable(error))
    return replace(outcome, elapsed=time.perf_counter() - start)


def _process(job: Job, progress: Progress, stopped: Stop) -> JobResult:
    recording = open_recorded(job.source)
    topic, note = choose_topic(recording, job.options.topic, job.source)
    output = resolve_folder(job.output, Path(job.source))
    run = describe_run(job, topic.name)
    with work_folder(output) as folder:
        before = _standing(job, run)
        if before and before['complete'] and before['fingerprint'] == run['fingerprint']:
            return JobResult(job, 'skipped', before['frames'], before['dropped'])
        new = folder / output.name
        outcome = _write(job, recording, topic, run, new, progress, stopped)
        if outcome.state == 'done' or not (before and before['complete']):
            replace_folder(new, output)
        else:
            note = f'{job.output} stays as it was'
    return replace(outcome, notes=(*filter(None, [note]), *outcome.notes))


def _standing(job: Job, run: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is known of the output that is there already; None if there is none.

    Raises:
        OutputError: it must not be replaced.

    """
    if not job.output.exists():
        return None
    known = read_information(job.output)
    if known is None:
        raise OutputError(f'{job.output} is there already, and no output of face-affect bag')
    same = known['fingerprint'] == run['fingerprint']
    if known['complete'] and not same and not job.options.overwrite:
        raise OutputError(
            f'{job.output} is there already, made of another recording or with '
            'other settings or models; --overwrite replaces it'
        )
    return known


def _write(
    job: Job,
    recording: Recording,
    topic: Topic,
    run: dict[str, Any],
    folder: Path,
    progress: Progress,
    stopped: Stop,
) -> JobResult:
    """Write the output to ``folder``."""
    reader = FrameReader(recording, topic, job.options)
    kept = recording.topics if job.options.keep else []
    with ResultWriter(folder, job.options, kept) as output:
        error = ''
        try:
            _read_all(reader, recording, topic, job, output, progress, stopped)
        except (RecordingError, MediaError) as broken:
            if not reader.frames:
                raise
            error = printable(broken)
        state = 'interrupted' if stopped else 'partial' if error else 'done'
        dropped = dict(sorted(reader.dropped.items()))
        output.close(
            {
                **run,
                'frames': reader.frames,
                'announced': topic.count,
                'dropped': dropped,
                'complete': state == 'done',
                'error': error,
            }
        )
    notes = [f'{reason}: {text}' for reason, text in reader.errors.items()]
    if state == 'done' and reader.frames < topic.count:
        notes.append(f'{job.source} announces {topic.count} images, but has {reader.frames}')
    return JobResult(job, state, reader.frames, dropped, error=error, notes=tuple(notes))


def _read_all(
    reader: FrameReader,
    recording: Recording,
    topic: Topic,
    job: Job,
    output: ResultWriter,
    progress: Progress,
    stopped: Stop,
) -> None:
    pace = Pace(stopped)
    only = None if job.options.keep else [topic.name]
    for message in recording.messages(only):
        if job.options.pace:
            pace.wait_until(message.stamp)
        if stopped:
            return
        output.keep(message)
        if message.topic != topic.name:
            continue
        reading = reader.read(message)
        if reading is not None:
            output.add(message.stamp, reading)
        progress(topic.count)
