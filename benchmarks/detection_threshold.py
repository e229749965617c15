# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure faces found against false faces per minute, after the tracker, by detection_threshold.

    python -m benchmarks.detection_threshold --data face_scenes.npz [--picture PNG] [--json FILE]

Faces: people who walk, of benchmarks.tracking, and faces of held-out scenes at 1 to 4 m, of
benchmarks.distances, filmed for half a second by a camera that sways. False faces: held-out scenes
without people, over which a camera pans for four seconds. All at 15 Hz, in 640x480. A face is
found in an image if it is reported there; a false face is an id that is reported at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
import sys

import cv2
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.distances import DISTANCES, face_pixels, placed
from benchmarks.films import pan, sway
from benchmarks.outcomes import add_output_options, write_outcomes
from benchmarks.tracking.people import demo_people
from benchmarks.tracking.scenarios import make_scene, SCENARIOS
from benchmarks.tracking.stage import SEEN, TrueFace, TrueFrame
from face_affect.core.detection import Detector, load_detector
from face_affect.core.faces import Box
from face_affect.core.models import find_detector, ModelError
from face_affect.core.search import tracked_threshold
from face_affect.core.settings import ModelNames, TrackingSettings
from face_affect.core.tracking import Tracker
from support import markdown
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, SceneSet
from training.evaluation.detection_metrics import IOU

THRESHOLDS = tuple(hundredths / 100 for hundredths in range(40, 85, 5))
RATE = 15.0  # images a second
STANDING, PANNING = 8, 60  # images of a film
FIRST_SEED = 100
WALKING = 'walking'

Film = Iterable[tuple[TrueFrame, NDArray[np.uint8]]]


@dataclass
class Outcome:
    """What was reported at one threshold.

    ``found``: the part of the true faces by kind of film, each face counted in each image;
    ``false_faces``: ids in ``minutes`` without a person.
    """

    threshold: float
    found: dict[str, float] = field(default_factory=dict)
    false_faces: int = 0
    minutes: float = 0.0

    @property
    def false_a_minute(self) -> float:
        """False faces per minute."""
        return self.false_faces / self.minutes


def walking(seeds: int) -> Iterator[Film]:
    """Yield films of people who walk; see ``benchmarks.tracking``."""
    for name in SCENARIOS:
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            scene = make_scene(name, seed, demo_people())
            yield ((frame, scene.image(frame.stamp)) for frame in scene.frames(RATE))


def standing(scenes: SceneSet, distance: float) -> Iterator[Film]:
    """Yield films of a face at ``distance`` metres each; see ``benchmarks.distances``."""
    for image, box in placed(scenes, face_pixels(distance)):
        place = Box(*box.tolist())
        yield (
            (TrueFrame(i / RATE, (TrueFace(0, place.moved(*shift.tolist()), 1.0),)), picture)
            for i, (picture, shift) in enumerate(sway(image, STANDING, RATE))
        )


def without_people(scenes: SceneSet) -> Iterator[Film]:
    """Yield films of scenes without a face."""
    for scene in scenes.scenes:
        if not len(scene.boxes):
            pictures = pan(scene.image, PANNING)
            yield ((TrueFrame(i / RATE, ()), picture) for i, picture in enumerate(pictures))


class Follower:
    """Counts what is reported in films, for each of ``thresholds`` at once."""

    def __init__(self, detector: Detector, thresholds: Sequence[float]) -> None:
        """Search each image once, with the lowest threshold of all."""
        self._detector = detector
        self._thresholds = thresholds
        self._lowest = tracked_threshold(min(thresholds))
        self.faces = 0
        self.seconds = 0.0
        self.found: dict[float, int] = defaultdict(int)
        self.false_faces: dict[float, int] = defaultdict(int)

    def watch(self, film: Film) -> None:
        """Count the faces of one film."""
        trackers = {
            threshold: Tracker(TrackingSettings(detection_threshold=threshold))
            for threshold in self._thresholds
        }
        false_ids = {threshold: set[int]() for threshold in self._thresholds}
        for frame, image in film:
            self.seconds += 1 / RATE
            seen = [face.box for face in frame.faces if face.visible >= SEEN]
            self.faces += len(seen)
            found = self._detector(image, self._lowest)
            for threshold, tracker in trackers.items():
                kept = tracked_threshold(threshold)
                tracks = tracker.update(
                    [one for one in found if one.score >= kept], frame.stamp, image
                )
                boxes = [track.detection.box for track in tracks]
                self.found[threshold] += sum(
                    any(box.iou(face) >= IOU for box in boxes) for face in seen
                )
                if not frame.faces:
                    false_ids[threshold] |= {track.id for track in tracks}
        for threshold, ids in false_ids.items():
            self.false_faces[threshold] += len(ids)


def measure(
    detector: Detector, scenes: SceneSet, seeds: int, thresholds: Sequence[float] = THRESHOLDS
) -> list[Outcome]:
    """Return the outcome at each of ``thresholds``."""
    outcomes = [Outcome(threshold) for threshold in thresholds]
    films = {WALKING: walking(seeds)}
    films |= {f'{distance:g} m': standing(scenes, distance) for distance in DISTANCES}
    for kind, these in films.items():
        followed = _follow(detector, these, thresholds, kind)
        for outcome in outcomes:
            outcome.found[kind] = followed.found[outcome.threshold] / max(followed.faces, 1)
    followed = _follow(detector, without_people(scenes), thresholds, 'nobody')
    for outcome in outcomes:
        outcome.false_faces = followed.false_faces[outcome.threshold]
        outcome.minutes = followed.seconds / 60
    return outcomes


def _follow(
    detector: Detector, films: Iterable[Film], thresholds: Sequence[float], kind: str
) -> Follower:
    follower = Follower(detector, thresholds)
    for film in tqdm(films, kind, disable=None, leave=False):
        follower.watch(film)
    return follower


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a table in Markdown."""
    head = ('detection_threshold', *outcomes[0].found, 'false faces', 'per minute')
    rows = (
        (
            f'{one.threshold:.2f}',
            *(f'{100 * part:.1f} %' for part in one.found.values()),
            f'{one.false_faces}',
            f'{one.false_a_minute:.2f}',
        )
        for one in outcomes
    )
    return markdown.table(head, rows, texts=0)


def plot(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw faces found against false faces per minute, a line for each kind of film."""
    figure = Figure(figsize=(6.4, 4.0), dpi=110)
    axes = figure.add_subplot()
    false = [one.false_a_minute for one in outcomes]
    for kind in outcomes[0].found:
        axes.plot(false, [100 * one.found[kind] for one in outcomes], 'o-', label=kind)
    for one in outcomes:
        axes.annotate(
            f'{one.threshold:.2f}',
            (one.false_a_minute, 100 * min(one.found.values())),
            xytext=(0, -12),
            textcoords='offset points',
            fontsize=7,
            ha='center',
        )
    axes.set_xlabel('false faces per minute without people')
    axes.set_ylabel('faces found, %')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


def main() -> int:
    """Run the command line."""
    defaults = ModelNames()
    parser = module_parser('benchmarks.detection_threshold', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='an npz of scenes')
    parser.add_argument(
        '--detector', default=defaults.detector, help='name of a model (default: %(default)s)'
    )
    parser.add_argument(
        '--detection-width',
        type=int,
        default=defaults.detection_width,
        help='width of its input in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--seeds', type=int, default=1, help='scenes of each scenario (default: %(default)s)'
    )
    add_output_options(parser)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        scenes = load_scenes(arguments.data).split(True)
        detector = load_detector(find_detector(arguments.detector, arguments.detection_width))
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    outcomes = measure(detector, scenes, arguments.seeds)
    print(f'{outcomes[0].minutes:.1f} minutes without people\n\n{table(outcomes)}')
    write_outcomes(outcomes, plot, arguments)
    return 0


if __name__ == '__main__':
    sys.exit(main())
