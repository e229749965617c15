# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect run: the faces of pictures, videos and cameras."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import json
from pathlib import Path
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.commands.pipeline_options import add_pipeline_options, models_of, settings_of
from face_affect.core.annotation import annotate
from face_affect.core.faces import Estimate, Face, FrameResult
from face_affect.core.pipeline import Pipeline
from face_affect.media import Frame, Media, open_media
from face_affect.media_writer import VideoFile, write_picture
from face_affect.outputs import file_ids, refuse_input
from face_affect.signals import StopSignal

Write = Callable[[Frame, NDArray[np.uint8]], None]


def add_run(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'run',
        help='read the faces of a picture, folder, video or camera',
        description='Prints one line a face (or one JSON object a frame) and writes the '
        'annotated picture, folder or video.',
    )
    parser.add_argument(
        'input',
        metavar='INPUT',
        help='a picture, a folder of pictures, a video, '
        'a stream address (rtsp://...) or a camera number',
    )
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        help='where the annotated picture, video or '
        'folder goes (default: INPUT_annotated in this folder)',
    )
    parser.add_argument(
        '--no-output',
        dest='output_wanted',
        action='store_false',
        help='write no annotated picture or video',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object a frame')
    add_pipeline_options(parser)
    parser.set_defaults(call=run)


def _estimate_text(estimate: Estimate | None) -> str:
    return f'{estimate.label} {estimate.confidence:.0%}' if estimate else '-'


def _face_line(frame: Frame, face: Face) -> str:
    box = face.detection.box
    return (
        f'frame {frame.index:5}  {frame.stamp:8.3f} s  #{face.id:<4} '
        f'box {box.x:.0f},{box.y:.0f} {box.width:.0f}x{box.height:.0f}  '
        f'score {face.detection.score:.2f}  emotion {_estimate_text(face.emotion):14} '
        f'gender {_estimate_text(face.gender)}'
    )


def _json_line(frame: Frame, result: FrameResult) -> str:
    return json.dumps(
        {
            'frame': frame.index,
            'stamp': round(frame.stamp, 6),
            'faces': [face.as_dict() for face in result.faces],
        },
        allow_nan=False,
    )


def _default_output(source: str, media: Media) -> Path:
    stem = Path(source).stem or 'frames'
    if media.moving:
        return Path(f'{stem}_annotated.mp4')
    return Path(f'{stem}_annotated' + ('' if Path(source).is_dir() else '.jpg'))


@contextmanager
def _output(path: Path | None, source: str, media: Media) -> Iterator[Write]:
    """Yield a function that writes an annotated frame: to a video, a picture or a folder.

    Raises:
        OutputError: the output is the input.

    """
    inputs = file_ids([Path(source)])
    if path is None:
        yield lambda frame, image: None
    elif media.moving:
        with VideoFile(path, media.rate, inputs) as video:
            yield lambda frame, image: video.write(image)
    elif Path(source).is_dir():
        refuse_input(path, inputs)
        path.mkdir(parents=True, exist_ok=True)
        yield lambda frame, image: write_picture(path / frame.name, image, inputs)
    else:
        yield lambda frame, image: write_picture(path, image, inputs)


def run(arguments: argparse.Namespace) -> int:
    """Read the faces of a picture, folder, video or camera."""
    settings = settings_of(arguments)
    media = open_media(arguments.input)
    if not media.moving:
        settings = replace(settings, confirm_frames=1)
    pipeline = Pipeline(settings, models_of(arguments))
    output = None
    if arguments.output_wanted:
        output = arguments.output or _default_output(arguments.input, media)
    bar = tqdm(total=len(media) or None, unit='frame', file=sys.stderr, disable=None)
    with StopSignal() as stopped, _output(output, arguments.input, media) as write, bar:
        for frame in media:
            result = _process(pipeline, frame, media.moving)
            lines = (
                [_json_line(frame, result)]
                if arguments.json
                else [_face_line(frame, face) for face in result.faces]
            )
            for line in lines:
                bar.write(line, file=sys.stdout)
            if output:
                write(frame, annotate(frame.image, result))
            bar.update()
            if stopped:
                print('stopped', file=sys.stderr)
                break
    if output:
        print(f'annotated: {output}', file=sys.stderr)
    return stopped.exit_code


def _process(pipeline: Pipeline, frame: Frame, moving: bool) -> FrameResult:
    if not moving:
        pipeline.reset()
    return pipeline.process(frame.image, frame.stamp)
