# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure faces found by roll angle, after the tracker, with and without detect_lying.

    python -m benchmarks.roll [--data face_scenes.npz] [--picture PNG] [--json FILE]

Faces: rotated images of the demo bag, each filmed at 15 Hz for 1.5 s by a camera that sways.
A face is found in an image if it is reported there; the images of the first second, in which
rotations are searched for the first time, only count for the delay. False faces: with --data,
held-out scenes without people, over which a camera pans for four seconds; a false face is an id
that is reported at all. Time: processor time of Pipeline.process without classification.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import json
import math
from pathlib import Path
import statistics
import sys
import time
from typing import Any

from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores
from tqdm import tqdm

from benchmarks.detection_threshold import PANNING, RATE, without_people
from benchmarks.films import sway
from benchmarks.outcomes import add_output_options, write_outcomes
from face_affect.core.faces import Box, FrameResult
from face_affect.core.images import decode_compressed
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import Settings
from support import markdown
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes
from training.evaluation.rolled_scenes import rolled_image

DEMO = Path(__file__).parents[1] / 'demo'
ANGLES = (0, 15, 30, 45, 60, 75, 90, 135, 180)
EVERY = 18  # every eighteenth image is used
NEAR = 0.4  # maximum distance of a hit's centre from the true one in face sizes
IMAGES, WAITING = 22, 15  # of a film, and of its first second


@dataclass
class Outcome:
    """What was reported with ``detect_lying`` or without.

    ``found``: the part of the true faces by angle, each counted in each image after the first
    second; ``delay``: median seconds until a face that is reported at all is reported first;
    ``false_faces`` in ``minutes`` without a person; ``milliseconds``: median of an image.
    """

    detect_lying: bool
    found: dict[int, float] = field(default_factory=dict)
    delay: dict[int, float] = field(default_factory=dict)
    false_faces: int = 0
    minutes: float = 0.0
    milliseconds: float = math.nan

    @property
    def name(self) -> str:
        """The parameter and its value."""
        return f'detect_lying: {str(self.detect_lying).lower()}'


def frames() -> Iterator[tuple[NDArray[np.uint8], list[Box]]]:
    """Yield images u8 [H, W, 3] BGR of the demo bag, and the boxes of complete faces."""
    truth = json.loads((DEMO / 'truth.json').read_text())
    with AnyReader([DEMO / 'bag'], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
        connections = [item for item in reader.connections if item.topic == truth['topic']]
        for (connection, _, data), frame in zip(reader.messages(connections), truth['frames']):
            message: Any = reader.deserialize(data, connection.msgtype)
            image = decode_compressed(message.data.tobytes())
            boxes = [Box(*face['box']) for face in frame['faces']]
            height, width = image.shape[:2]
            yield (
                image,
                [box for box in boxes if box.clipped(width, height).area > 0.99 * box.area],
            )


class Follower:
    """A pipeline, and the processor time of each image."""

    def __init__(self, detect_lying: bool) -> None:
        """Load the detector."""
        self._pipeline = Pipeline(
            Settings(detect_lying=detect_lying, enable_emotion=False, enable_gender=False)
        )
        self.seconds: list[float] = []

    def film(self, images: Iterator[NDArray[np.uint8]]) -> Iterator[FrameResult]:
        """Yield what is reported in each of ``images``, u8 [H, W, 3] BGR at RATE."""
        self._pipeline.reset()
        for number, image in enumerate(images):
            start = time.thread_time()
            result = self._pipeline.process(image, number / RATE)
            self.seconds.append(time.thread_time() - start)
            yield result


def at_angle(
    follower: Follower, scenes: Sequence[tuple[NDArray[np.uint8], list[Box]]], angle: int
) -> tuple[float, float]:
    """Return the part of the faces found, 0..1, and the median delay in seconds."""
    hits = count = 0
    delays = []
    for image, boxes in scenes:
        turned, matrix = rolled_image(image, angle)
        places = [(*(matrix @ (*box.centre, 1)), NEAR * math.sqrt(box.area)) for box in boxes]
        first: dict[int, int] = {}
        results = follower.film(picture for picture, _ in sway(turned, IMAGES, RATE))
        for number, result in enumerate(results):
            seen = [i for i, place in enumerate(places) if _reported(result, *place)]
            for face in seen:
                first.setdefault(face, number)
            if number >= WAITING:
                hits, count = hits + len(seen), count + len(places)
        delays += [number / RATE for number in first.values()]
    return hits / count, statistics.median(delays) if delays else math.nan


def _reported(result: FrameResult, x: float, y: float, distance: float) -> bool:
    centres = (face.detection.box.centre for face in result.faces)
    return any(math.hypot(centre[0] - x, centre[1] - y) < distance for centre in centres)


def measure(data: Path | None) -> list[Outcome]:
    """Return the outcomes without and with detect_lying.

    Raises:
        FileNotFoundError: ``data`` does not exist.
        DatasetError: it is not a set of scenes.

    """
    empty = load_scenes(data).split(True) if data else None
    scenes = list(frames())[::EVERY]
    outcomes = []
    for detect_lying in (False, True):
        outcome, follower = Outcome(detect_lying), Follower(detect_lying)
        for angle in tqdm(ANGLES, outcome.name, disable=None, leave=False):
            outcome.found[angle], outcome.delay[angle] = at_angle(follower, scenes, angle)
        outcome.milliseconds = statistics.median(follower.seconds) * 1e3
        for film in without_people(empty) if empty else ():
            results = follower.film(image for _, image in film)
            outcome.false_faces += len({face.id for one in results for face in one.faces})
            outcome.minutes += PANNING / RATE / 60
        outcomes.append(outcome)
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """Return faces found and delay by angle as a table in Markdown."""
    head = ('roll', *(one.name for one in outcomes))
    rows = (
        (
            f'{angle}°',
            *(f'{100 * one.found[angle]:.1f} %, {one.delay[angle]:.2f} s' for one in outcomes),
        )
        for angle in ANGLES
    )
    return markdown.table(head, rows, texts=1)


def plot(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw faces found by roll angle."""
    figure = Figure(figsize=(6.4, 3.6), dpi=110)
    axes = figure.add_subplot()
    for one in outcomes:
        axes.plot(ANGLES, [100 * one.found[angle] for angle in ANGLES], 'o-', label=one.name)
    axes.set_xticks(ANGLES)
    axes.set_xlabel('roll, degrees')
    axes.set_ylabel('faces found, %')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('benchmarks.roll', __doc__)
    parser.add_argument('--data', type=Path, help='an npz of scenes, to count false faces')
    add_output_options(parser)
    arguments = parser.parse_args()
    try:
        outcomes = measure(arguments.data)
    except (DatasetError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'faces found after the first second, and delay\n\n{table(outcomes)}\n')
    usual = outcomes[0].milliseconds
    for one in outcomes:
        print(
            f'{one.name}, {one.milliseconds:.2f} ms an image '
            f'({one.milliseconds / usual:.2f}), {one.false_faces} false faces in '
            f'{one.minutes:.1f} minutes without people'
        )
    write_outcomes(outcomes, plot, arguments)
    return 0


if __name__ == '__main__':
    sys.exit(main())
