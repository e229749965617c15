# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Demonstrate the package: play a recording to the node, in three processes over DDS.

A player publishes the recording, the node processes it, and a follower shows the results live and
writes a video, a contact sheet and a bag of results. With --tree, the behaviour tree of
examples/greeting_tree.py is shown instead. Enter the environment first (`. ./env.sh`), or use
`make demo`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import ctypes
from dataclasses import dataclass
import os
from pathlib import Path
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

import cv2
import numpy as np

from face_affect.bags.batch.processing import choose_topic
from face_affect.bags.recordings.bag_reader import (
    BagRecording,
    MEDIA_TOPIC,
    RecordingError,
)
from face_affect.media import MediaError, open_media, Stills
from face_affect.media.files import is_bag
from face_affect.media.writer import write_picture
from face_affect.outputs import file_ids
from support.ros_domain import free_domain

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = (
    'annotated.mp4',
    'contact_sheet.png',
    'results.mcap',
    'node.log',
    'player.log',
    'follower.log',
)
READY_SECONDS = 60  # for the follower, including its wait for the node
SUBSCRIBER_SECONDS = 30  # for the player to discover the node
FINISH_SECONDS = 120.0  # for the follower to encode the remaining images
STOP_SECONDS = 5.0  # for a process to end after SIGINT
POLL_SECONDS = 0.1
LOG_LINES = 12
PR_SET_PDEATHSIG = 1

EXIT_FAILED, EXIT_WRONG_INPUT, EXIT_INTERRUPTED = 1, 2, 130


class DemoError(Exception):
    """A process failed; the message has its name, exit code and log."""


@dataclass(frozen=True)
class Source:
    """The played input; ``frames`` is 0 if unknown, such as of a camera."""

    input: str
    topic: str
    compressed: bool
    frames: int
    bag: bool = False
    stills: bool = False


def open_source(source: str, topic: str | None, scratch: Path) -> Source:
    """Open ``source``; image files of different sizes are resized into folder ``scratch``.

    ``topic``: the image topic of a bag, None for the first one.

    Raises:
        RecordingError: a bag cannot be read or has no images.
        MediaError: the input does not exist or cannot be opened.

    """
    path = Path(source)
    if is_bag(path):
        return _open_bag(path.resolve(), topic)
    media = open_media(source)
    # Paths are made absolute, since the processes run in another directory.
    name = str(path.resolve()) if path.exists() else source
    if isinstance(media, Stills):
        folder = _resized(media, scratch)
        return Source(str(folder or name), MEDIA_TOPIC, True, len(media), stills=True)
    return Source(name, MEDIA_TOPIC, True, len(media))


def _open_bag(path: Path, topic: str | None) -> Source:
    chosen, _ = choose_topic(BagRecording(path), topic, f'bag {path}')
    frames = len(BagRecording(path, [chosen.name]))
    return Source(
        str(path), chosen.name, chosen.type.endswith('CompressedImage'), frames, bag=True
    )


def _resized(stills: Stills, scratch: Path) -> Path | None:
    """Letterbox images to the size of the first into ``scratch``; None if sizes are equal.

    The node drops the first image of another size as a fault of the camera.
    """
    sizes = {picture.decode().shape for picture in stills}
    if len(sizes) == 1:
        return None
    canvas = None
    for index, picture in enumerate(stills):
        image = picture.decode()
        canvas = np.zeros_like(image) if canvas is None else np.zeros_like(canvas)
        height, width = image.shape[:2]
        scale = min(canvas.shape[0] / height, canvas.shape[1] / width)
        size = max(1, int(width * scale)), max(1, int(height * scale))
        canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        write_picture(scratch / f'{index:06}.png', canvas)
    return scratch


@dataclass(frozen=True)
class Child:
    """A process of the demo, and the log for its errors."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise DemoError if it has ended."""
        code = self.process.poll()
        if code is not None:
            lines = self.log.read_text(errors='replace').splitlines()[-LOG_LINES:]
            text = ''.join(f'\n  {line}' for line in lines)
            raise DemoError(f'the {self.name} ended with exit code {code}; {self.log}:{text}')


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """The processes of the demo, as a context manager that ends all of them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start without processes; ``environment`` is that of all processes."""
        self._environment = environment
        self._children: list[Child] = []

    def start(
        self, name: str, command: Sequence[str], log: Path, keep: Sequence[int] = ()
    ) -> Child:
        """Start a process with output to ``log``, which inherits the file descriptors ``keep``."""
        with log.open('wb') as file:
            return self._start(
                name, command, log, stdout=file, stderr=subprocess.STDOUT, pass_fds=keep
            )

    def start_visible(self, name: str, command: Sequence[str], log: Path, keep: int) -> Child:
        """Start a process that prints to this terminal and inherits the file descriptor ``keep``.

        ``log``: the log of the process that is the usual cause of its failure.
        """
        return self._start(name, command, log, pass_fds=[keep])

    def _start(self, name: str, command: Sequence[str], log: Path, **options: Any) -> Child:
        # In a new session, so that only this process receives Ctrl-C and ends the others in order.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
            **options,
        )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def check(self) -> None:
        """Raise DemoError if a process has ended."""
        for child in self._children:
            child.check()

    def __enter__(self) -> Children:
        """Return the processes."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End running processes in reverse order, by SIGKILL if necessary."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self._children):
            stop(child)


def stop(child: Child) -> None:
    """End a process by SIGINT, and by SIGKILL after STOP_SECONDS."""
    child.process.send_signal(signal.SIGINT)
    try:
        child.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def node_command(source: Source) -> list[str]:
    """Return the command line of the node for ``source``."""
    image = 'image/compressed' if source.compressed else 'image'
    parameters = {
        'autostart': 'true',
        'image_transport': 'compressed' if source.compressed else 'raw',
        # The player publishes as soon as it has discovered the node: only with reliable QoS is the
        # first image repeated if the node has not discovered the player yet.
        f'qos_overrides.{source.topic}.subscription.reliability': 'reliable',
    }
    if source.stills:
        # Independent images
        parameters.update(confirm_frames='1', forget_time='0.0', smoothing_time='0.0')
    command = [_executable('face_affect_node'), '--ros-args', '-r', f'{image}:={source.topic}']
    for name, value in parameters.items():
        command += ['-p', f'{name}:={value}']
    return command


def follower_command(source: Source, output: Path, ready: int) -> list[str]:
    """Return the command line of the follower, which writes to descriptor ``ready``."""
    command = [
        sys.executable,
        '-m',
        'demo.follow',
        '--output',
        str(output),
        '--frames',
        str(source.frames),
        '--image-topic',
        source.topic,
        '--ready-fd',
        str(ready),
    ]
    return [*command, '--compressed'] if source.compressed else command


def tree_command(ready: int) -> list[str]:
    """Return the command line of the behaviour tree, which writes to descriptor ``ready``."""
    return [sys.executable, str(ROOT / 'examples' / 'greeting_tree.py'), '--ready-fd', str(ready)]


def player_command(source: Source, rate: float) -> list[str]:
    """Return the command line of the player; ``rate`` is the playback speed."""
    command = [
        _executable('face-affect'),
        'play',
        source.input,
        '--rate',
        str(rate),
        '--wait-for-subscriber',
        str(SUBSCRIBER_SECONDS),
    ]
    return [*command, '--topics', source.topic] if source.bag else command


def _executable(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise DemoError(f'{name} is not on the PATH: run `make setup`, then `. ./env.sh`')
    return path


def environment() -> dict[str, str]:
    """Return the environment of the processes: a free ROS domain, limited to this host."""
    return {
        'ROS_DOMAIN_ID': str(free_domain()),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        **os.environ,
    }


def show(source: Source, output: Path, options: argparse.Namespace) -> int:
    """Run the processes until the end of the recording; return the exit code.

    Raises:
        DemoError: a process failed, or an executable is missing.

    """
    variables = environment()
    with Children(variables) as children:
        ready, written = os.pipe()
        node = children.start('node', node_command(source), output / 'node.log')
        follow = follower_command(source, output, written)
        if options.tree:
            follower = children.start('follower', follow, output / 'follower.log', [written])
            children.start_visible('tree', tree_command(written), node.log, written)
        else:
            follower = children.start_visible('follower', follow, node.log, written)
        os.close(written)
        _wait_until_ready(ready, children, 2 if options.tree else 1)
        print(
            f'playing {options.input} on {source.topic}, ROS_DOMAIN_ID '
            f'{variables["ROS_DOMAIN_ID"]}',
            flush=True,
        )
        player = children.start(
            'player', player_command(source, options.rate), output / 'player.log'
        )
        return _play(children, follower, player, endless=not source.frames)


def _wait_until_ready(ready: int, children: Children, count: int) -> None:
    """Wait until ``count`` processes have written to the pipe ``ready``."""
    end = time.monotonic() + READY_SECONDS
    with open(ready, 'rb', buffering=0) as pipe:
        while time.monotonic() < end:
            if select.select([pipe], [], [], POLL_SECONDS)[0]:
                count -= len(pipe.read(count))
            if count <= 0:
                return
            children.check()
    raise DemoError(f'the follower was not ready within {READY_SECONDS} s; see node.log')


def _play(children: Children, follower: Child, player: Child, endless: bool) -> int:
    """Wait for the end of the player or Ctrl-C, then for the follower; return the exit code."""
    interrupted = False
    try:
        while player.process.poll() is None:
            children.check()
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        interrupted = True
        stop(player)
    if player.process.returncode:
        player.check()
    follower.process.send_signal(signal.SIGINT)
    try:
        follower.process.wait(FINISH_SECONDS)
    except subprocess.TimeoutExpired:
        raise DemoError(f'the follower did not finish within {FINISH_SECONDS:.0f} s') from None
    if follower.process.returncode:
        follower.check()
    return EXIT_INTERRUPTED if interrupted and not endless else 0


def _prepare(output: Path, source: str) -> None:
    """Create the output folder; remove the files of an earlier run.

    Raises:
        RecordingError: the input is one of these files.

    """
    output.mkdir(parents=True, exist_ok=True)
    inputs = file_ids([Path(source)])
    for name in WRITTEN:
        if file_ids([output / name]) & inputs:
            raise RecordingError(f'the output would overwrite {source}; choose another --output')
    for name in WRITTEN:
        (output / name).unlink(missing_ok=True)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='demo', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'input',
        nargs='?',
        default=str(ROOT / 'demo' / 'bag'),
        help='a rosbag2, a video, an image, a folder of images, a stream address or a camera '
        'number (default: %(default)s)',
    )
    parser.add_argument('--topic', help='the image topic of a bag (default: the first one)')
    parser.add_argument(
        '--rate',
        type=float,
        default=1.0,
        help='playback speed as a multiple of the recorded one (default: %(default)s)',
    )
    parser.add_argument(
        '--tree',
        action='store_true',
        help='show a running behaviour tree instead of the table of faces',
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('demo_output'),
        help='the folder for the results (default: %(default)s)',
    )
    options = parser.parse_args()
    if not options.rate > 0:
        parser.error(f'--rate is {options.rate}, but must be positive')
    return options


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo; return the exit code."""
    options = _parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix='face_affect_demo_') as scratch:
            source = open_source(options.input, options.topic, Path(scratch))
            _prepare(options.output, options.input)
            return show(source, options.output.resolve(), options)
    except (RecordingError, MediaError) as error:
        print(f'demo: cannot play {options.input!r}: {error}', file=sys.stderr)
        return EXIT_WRONG_INPUT
    except (DemoError, OSError) as error:
        print(f'demo: {error}', file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print('demo: interrupted', file=sys.stderr)
        return EXIT_INTERRUPTED


if __name__ == '__main__':
    sys.exit(main())
