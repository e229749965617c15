# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect run: faces in images, videos and cameras."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import math
from pathlib import Path
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.commands.pipeline_options import add_pipeline_options, models_of, settings_of
from face_affect.commands.view_options import add_view_options, viewed
from face_affect.core.annotation import annotate
from face_affect.core.faces import Estimate, Face
from face_affect.core.pictures import Picture, PictureReader, ProcessedPicture
from face_affect.core.pipeline import Pipeline
from face_affect.core.stamps import SECOND
from face_affect.core.strict_json import to_json
from face_affect.core.tasks import TASKS
from face_affect.core.text import printable
from face_affect.media import Media, open_media
from face_affect.media.writer import VideoFile, write_picture
from face_affect.outputs import file_ids, refuse_input
from face_affect.signals import StopSignal

EXIT_INCOMPLETE, EXIT_FAILED = 1, 2
# Suffixes kept for annotated images of a folder; others become JPEG.
WRITABLE = {'.bmp', '.jpe', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff', '.webp'}
Write = Callable[[Picture, NDArray[np.uint8]], None]


def add_run(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'run',
        help='process an image, folder, video or camera',
        description='Prints one line per face (or one JSON object per frame) and writes the '
        'annotated image, folder or video.',
    )
    parser.add_argument(
        'input',
        metavar='INPUT',
        help='an image, a folder of images, a video, a stream address (rtsp://...) or a camera '
        'number',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        help='the annotated image, video or folder to write (default: INPUT_annotated in this '
        'folder)',
    )
    parser.add_argument(
        '--no-output',
        dest='output_wanted',
        action='store_false',
        help='do not write annotated images or videos',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object per frame')
    add_view_options(parser)
    add_pipeline_options(parser)
    parser.set_defaults(call=run)


def _estimate_text(estimate: Estimate | None) -> str:
    return f'{estimate.label} {estimate.confidence:.0%}' if estimate else '-'


def _face_line(index: int, processed: ProcessedPicture, face: Face, named: bool) -> str:
    picture, box = processed.picture, face.detection.box
    estimates = ' '.join(
        f'{task.name} {_estimate_text(face.estimates.get(task.name)):14}' for task in TASKS
    )
    return (
        (f'{printable(picture.name)}  ' if named else '')
        + f'frame {index:5}  {picture.stamp / SECOND:8.3f} s  #{face.id:<4} '
        f'box {box.x:.0f},{box.y:.0f} {box.width:.0f}x{box.height:.0f}  '
        f'score {face.detection.score:.2f}  {estimates.rstrip()}'
    )


def _json_line(index: int, processed: ProcessedPicture, named: bool) -> str:
    picture = processed.picture
    return to_json(
        {
            'frame': index,
            'stamp': round(picture.stamp / SECOND, 6),
            **({'file': printable(picture.name)} if named else {}),
            'faces': [face.as_dict() for face in processed.result.faces],
        },
    )


def _default_output(source: str, media: Media) -> Path:
    stem = Path(source).stem or 'frames'
    if media.moving:
        return Path(f'{stem}_annotated.mp4')
    return Path(f'{stem}_annotated' + ('' if Path(source).is_dir() else '.jpg'))


@contextmanager
def _output(path: Path | None, source: str, media: Media) -> Iterator[Write]:
    """Yield a function that writes an annotated frame to a video, an image or a folder.

    Raises:
        OutputError: the output is the input, or cannot be written.

    """
    inputs = file_ids([Path(source)])
    if path is None:
        yield lambda picture, image: None
    elif media.moving:
        with VideoFile(path, inputs) as video:
            yield lambda picture, image: video.write(image, picture.time)
    elif Path(source).is_dir():
        refuse_input(path, inputs)
        path.mkdir(parents=True, exist_ok=True)
        yield lambda picture, image: write_picture(path / _output_name(picture), image, inputs)
    else:
        yield lambda picture, image: write_picture(path, image, inputs)


def _output_name(picture: Picture) -> str:
    writable = Path(picture.name).suffix.lower() in WRITABLE
    return picture.name if writable else f'{picture.name}.jpg'


def run(arguments: argparse.Namespace) -> int:
    """Run ``face-affect run``; return the exit code.

    Raises:
        MediaError: the input cannot be opened, or the output not written.
        MissingExtraError: the input is a video, and PyAV is not installed.
        ModelError: a model is not usable.
        ValueError: an option is out of range.

    """
    settings = settings_of(arguments)
    with StopSignal() as stopped:
        media = open_media(arguments.input, stopped.wait)
        if not media.moving:
            settings = replace(settings, confirm_frames=1)
        pipeline = Pipeline(settings, models_of(arguments))
        reader = PictureReader(pipeline, media.moving)
        output = _chosen_output(arguments, media)
        named = Path(arguments.input).is_dir()
        bar = tqdm(total=len(media) or None, unit='frame', file=sys.stderr, disable=None)
        with viewed(arguments, pipeline) as view:
            pace = _Pace(stopped) if view and media.moving and not media.live else None
            with _output(output, arguments.input, media) as write, bar:
                for index, picture in enumerate(media):
                    if pace:
                        pace.wait(picture)
                    start = time.monotonic()
                    processed = reader.read(picture)
                    if processed is None and (not media.moving or reader.dropped.total() == 1):
                        bar.write(f'face-affect: error: {reader.last_error}', file=sys.stderr)
                    elif processed is not None:
                        if view:
                            latency = time.monotonic() - start
                            view.show_image(processed.image, processed.result, latency)
                        _print(index, processed, arguments.json, named, bar)
                        if output:
                            write(picture, annotate(processed.image, processed.result))
                    bar.update()
                    if stopped:
                        print('stopped', file=sys.stderr)
                        break
            if view:
                view.end()
                stopped.wait(math.inf)
    if output and reader.results:
        print(f'annotated: {output}', file=sys.stderr)
    return stopped.exit_code or _exit_code(reader, media)


def _chosen_output(arguments: argparse.Namespace, media: Media) -> Path | None:
    """Return the output path; None for none, which is the default with --view."""
    if not arguments.output_wanted:
        return None
    if arguments.view and not arguments.output:
        return None
    return arguments.output or _default_output(arguments.input, media)


class _Pace:
    """Delays the pictures of a file to their recorded rate."""

    def __init__(self, stopped: StopSignal) -> None:
        """End a delay once ``stopped``."""
        self._stopped = stopped
        self._start: float | None = None

    def wait(self, picture: Picture) -> None:
        """Wait until the time of a picture, relative to the first one."""
        taken, now = picture.time / SECOND, time.monotonic()
        if self._start is None:
            self._start = now - taken
        self._stopped.wait(self._start + taken - now)


def _print(
    index: int, processed: ProcessedPicture, as_json: bool, named: bool, bar: tqdm[Any]
) -> None:
    lines = (
        [_json_line(index, processed, named)]
        if as_json
        else [_face_line(index, processed, face, named) for face in processed.result.faces]
    )
    for line in lines:
        bar.write(line, file=sys.stdout)


def _exit_code(reader: PictureReader, media: Media) -> int:
    """Return 0, 1 if images of a folder were dropped, or 2 if there are no results.

    Warn of dropped and missing images.
    """
    if reader.dropped:
        drops = ', '.join(f'{count} {reason}' for reason, count in sorted(reader.dropped.items()))
        print(
            f'face-affect: warning: {reader.results} of {reader.count} images were processed; '
            f'dropped: {drops}',
            file=sys.stderr,
        )
    if reader.count < len(media):
        print(
            f'face-affect: warning: the input has {len(media)} images by its header, but '
            f'{reader.count} were read',
            file=sys.stderr,
        )
    if not reader.results:
        return EXIT_FAILED
    return EXIT_INCOMPLETE if reader.dropped and not media.moving else 0
