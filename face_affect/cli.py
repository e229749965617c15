# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The command line: face-affect run, explain, models, play, bag, report, compare."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import json
import os
from pathlib import Path
import sys

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.commands.bag import add_bag
from face_affect.commands.compare import add_compare
from face_affect.commands.explain import add_explain
from face_affect.commands.pipeline_options import add_pipeline_options, models_of, settings_of
from face_affect.commands.report import add_report
from face_affect.core.annotation import annotate
from face_affect.core.faces import Estimate, Face, FrameResult
from face_affect.core.models import available_models, ModelError, Sidecar
from face_affect.core.pipeline import Pipeline
from face_affect.core.runtime import Network
from face_affect.extras import MissingExtraError
from face_affect.media import Frame, Media, MediaError, open_media, VideoFile, write_picture

Write = Callable[[Frame, NDArray[np.uint8]], None]


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
        }
    )


def _default_output(source: str, media: Media) -> Path:
    stem = Path(source).stem or 'frames'
    if media.moving:
        return Path(f'{stem}_annotated.mp4')
    return Path(f'{stem}_annotated' + ('' if Path(source).is_dir() else '.jpg'))


@contextmanager
def _output(path: Path | None, source: str, media: Media) -> Iterator[Write]:
    """Give a function that writes an annotated frame: to a video, a picture or a folder."""
    if path is None:
        yield lambda frame, image: None
    elif media.moving:
        with VideoFile(path, media.rate) as video:
            yield lambda frame, image: video.write(image)
    elif Path(source).is_dir():
        path.mkdir(parents=True, exist_ok=True)
        yield lambda frame, image: write_picture(path / frame.name, image)
    else:
        yield lambda frame, image: write_picture(path, image)


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
    with _output(output, arguments.input, media) as write, bar:
        try:
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
        except KeyboardInterrupt:
            print('stopped', file=sys.stderr)
    if output:
        print(f'annotated: {output}', file=sys.stderr)
    return 0


def _process(pipeline: Pipeline, frame: Frame, moving: bool) -> FrameResult:
    if not moving:
        pipeline.reset()
    return pipeline.process(frame.image, frame.stamp)


def _accuracy_text(sidecar: Sidecar) -> str:
    return (
        ', '.join(
            f'{name} {value:.1%}'
            for name, value in sidecar.accuracy.items()
            if not name.endswith('_ece')
        )
        or 'not measured here'
    )


def list_models(arguments: argparse.Namespace) -> int:
    """Print every model's figures, and whether it loads."""
    broken = 0
    for sidecar in available_models():
        try:
            Network(sidecar)
            state = 'loads'
        except ModelError as error:
            state, broken = f'BROKEN: {error}', broken + 1
        size = sidecar.input
        print(
            f'{sidecar.name}\n'
            f'  task        {sidecar.task}: {", ".join(sidecar.labels)}\n'
            f'  input       {size.width}x{size.height} {size.colour}\n'
            f'  size        {sidecar.parameters:,} parameters, {sidecar.macs / 1e6:.1f} million '
            f'multiply-accumulates\n'
            f'  arithmetic  {sidecar.quantisation}\n'
            f'  accuracy    {_accuracy_text(sidecar)}\n'
            f'  crop for    {", ".join(sidecar.crop) or "-"}\n'
            f'  licence     {sidecar.licence}\n'
            f'  sha256      {sidecar.sha256}\n'
            f'  state       {state}'
        )
    return 1 if broken else 0


def play(arguments: argparse.Namespace) -> int:
    """Publish a recording into ROS."""
    # Only here: everything else runs without ROS.
    try:
        from face_affect.ros.player import play_recording
    except ImportError as error:
        print(
            f'face-affect: error: play needs ROS 2 and rosbags, but {error}; source a ROS 2 '
            'installation, or `. ./env.sh` in the source folder',
            file=sys.stderr,
        )
        return 2
    return play_recording(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='face-affect', description='Find and follow faces; read emotion and gender.'
    )
    commands = parser.add_subparsers(dest='command', required=True)
    _add_run(
        commands.add_parser(
            'run',
            help='read the faces of a picture, folder, video or camera',
            description='Prints one line a face (or one JSON object a frame) and writes the '
            'annotated picture, folder or video.',
        )
    )
    add_explain(commands)
    models = commands.add_parser('models', help='list the models with their figures')
    models.set_defaults(call=list_models)
    _add_play(
        commands.add_parser(
            'play',
            help='publish a rosbag2, or a video, folder or camera, into ROS',
            description='Publishes a rosbag2 (sqlite3 or mcap) with its own timing, messages '
            'untouched. A picture folder, video or camera is published as JPEG '
            'sensor_msgs/CompressedImage. Needs rclpy.',
        )
    )
    add_bag(commands)
    add_report(commands)
    add_compare(commands)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'input',
        metavar='INPUT',
        help='a picture, a folder of pictures, a video, '
        'a stream address (rtsp://…) or a camera number',
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


def _add_play(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'input',
        metavar='BAG',
        help='a rosbag2 folder or .mcap file; or a video, '
        'a folder of pictures, a stream address or a camera number',
    )
    parser.add_argument(
        '--rate',
        type=float,
        default=1.0,
        help='how many times as fast as recorded (default: %(default)s)',
    )
    parser.add_argument('--loop', action='store_true', help='start again at the end, until Ctrl-C')
    parser.add_argument(
        '--clock',
        action='store_true',
        help="publish the recording's time on /clock, for use_sim_time",
    )
    parser.add_argument(
        '--remap',
        action='append',
        default=[],
        metavar='FROM:=TO',
        help='publish topic FROM as TO; may be repeated',
    )
    parser.add_argument(
        '--topics', nargs='+', metavar='TOPIC', help='publish only these topics of the bag'
    )
    parser.add_argument(
        '--wait-for-subscriber',
        type=float,
        default=0.0,
        metavar='SECONDS',
        help='wait that long at most until somebody subscribes to an image topic',
    )
    parser.set_defaults(call=play)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.call(parsed))
    except BrokenPipeError:
        # Whoever read the output has had enough; Python must not flush into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (MediaError, MissingExtraError, ModelError, OSError, ValueError) as error:
        print(f'face-affect: error: {error}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
