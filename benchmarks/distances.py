# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure recall by distance, and detection time, for each detection_width.

    python -m benchmarks.distances --data face_scenes.npz [--picture PNG] [--json FILE]

Held-out scenes are resized until a face has the width that it has at a distance in the image of a
camera (640x480, 60 degrees), and pasted into held-out scenes without faces of that size. The
threshold of each width is the lowest with the same precision on the original scenes. Times are
of 640x480 images with one thread, measured alternately.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import itertools
import math
from pathlib import Path
import statistics
import sys
import time

import cv2
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection_widths import WIDTHS
from benchmarks.outcomes import add_output_options, write_outcomes
from face_affect.core.detection import Detector, load_detector
from face_affect.core.models import find_detector, ModelError
from face_affect.core.settings import ModelNames, Settings
from support import markdown
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, Scene, SceneSet
from training.evaluation.detection_metrics import examine, IOU, overlap, SameSizes

IMAGE = (640, 480)
FIELD_OF_VIEW = 60.0  # degrees, horizontal
FACE_WIDTH = 0.15  # metres, of a detector's box
DISTANCES = (1.0, 2.0, 3.0, 4.0)  # metres
# Minimum face width in pixels of a scene: at 1 m, faces are enlarged by at most 2.
NARROWEST = 42
WARM_UP, RUNS = 10, 100


@dataclass
class Outcome:
    """The results for one ``width`` in pixels.

    ``recall`` by distance at ``threshold``, ``recall_default`` at the node's default threshold;
    ``milliseconds`` median CPU time of a detection, ``ratio`` to that of the first width.
    """

    width: int
    threshold: float
    milliseconds: float = math.nan
    ratio: float = math.nan
    recall: dict[str, float] = field(default_factory=dict)
    recall_default: dict[str, float] = field(default_factory=dict)


def face_pixels(distance: float) -> float:
    """Return the width in pixels of a face at ``distance`` metres in the camera's image."""
    focal_length = IMAGE[0] / 2 / math.tan(math.radians(FIELD_OF_VIEW / 2))
    return FACE_WIDTH * focal_length / distance


def placed(
    scenes: SceneSet, pixels: float, seed: int = 0
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield camera images u8 [480, 640, 3] with a scene's widest face at that width, and its box.

    The box is f32 [4], x, y, width, height in pixels.
    """
    rng = np.random.default_rng(seed)
    empty = [scene.image for scene in scenes.scenes if not len(scene.boxes)]
    for scene in scenes.scenes:
        box = _widest(scene)
        if box is None:
            continue
        scale = pixels / float(box[2])
        image = cv2.resize(empty[int(rng.integers(len(empty)))], IMAGE)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        part = cv2.resize(scene.image, None, fx=scale, fy=scale, interpolation=interpolation)
        # A part larger than the image is cropped around the face.
        centre = (box[:2] + box[2:] / 2) * scale
        lefts = [
            _start(size, limit, float(middle), rng)
            for size, limit, middle in zip(part.shape[1::-1], IMAGE, centre)
        ]
        (x, cut_x), (y, cut_y) = lefts
        part = part[cut_y : cut_y + IMAGE[1], cut_x : cut_x + IMAGE[0]]
        image[y : y + part.shape[0], x : x + part.shape[1]] = part
        target = box * np.float32(scale)
        target[:2] += (x - cut_x, y - cut_y)
        yield np.asarray(image, dtype=np.uint8), target


def _widest(scene: Scene) -> NDArray[np.float32] | None:
    """Return the box f32 [4] of the widest face; None if it is below NARROWEST."""
    boxes = scene.boxes[~scene.ignore]
    if not len(boxes) or boxes[:, 2].max() < NARROWEST:
        return None
    widest: NDArray[np.float32] = boxes[boxes[:, 2].argmax()]
    return widest


def _start(size: int, limit: int, middle: float, rng: np.random.Generator) -> tuple[int, int]:
    """Return the offset of a part in the image, and that of the crop in the part, on one axis."""
    if size <= limit:
        return int(rng.integers(limit - size + 1)), 0
    return 0, int(np.clip(round(middle - limit / 2), 0, size - limit))


def best_score(
    detector: Detector, image: NDArray[np.uint8], box: NDArray[np.float32], least: float
) -> float:
    """Return the highest score, at least ``least``, of a detection at ``box`` f32 [4]; else 0."""
    found = detector(image, least)
    if not found:
        return 0.0
    boxes = np.array(
        [(one.box.x, one.box.y, one.box.width, one.box.height) for one in found], np.float32
    )
    iou, _ = overlap(boxes, box)
    return max((one.score for one, part in zip(found, iou) if part >= IOU), default=0.0)


def measure(name: str, scenes: SceneSet, precision: float) -> list[Outcome]:
    """Return the outcome of each of WIDTHS.

    Raises:
        ModelError: the detector or one of its variants does not exist or cannot be used.

    """
    detectors = [load_detector(find_detector(name, width)) for width in WIDTHS]
    outcomes = [
        Outcome(width, examine(SameSizes(detector), scenes).threshold_for(precision))
        for width, detector in zip(WIDTHS, detectors)
    ]
    default = Settings().detection_threshold
    for distance in DISTANCES:
        images = list(placed(scenes, face_pixels(distance)))
        for outcome, detector in zip(outcomes, detectors):
            least = min(outcome.threshold, default)
            scores = np.array([best_score(detector, image, box, least) for image, box in images])
            outcome.recall[f'{distance:g}'] = float((scores >= outcome.threshold).mean())
            outcome.recall_default[f'{distance:g}'] = float((scores >= default).mean())
    times = _milliseconds(detectors, scenes)
    for outcome, time_of in zip(outcomes, times):
        outcome.milliseconds, outcome.ratio = time_of, time_of / times[0]
    return outcomes


def _milliseconds(detectors: Sequence[Detector], scenes: SceneSet) -> list[float]:
    """Return the median CPU time of each detector, which depends little on other programs."""
    images = [image for image, _ in itertools.islice(placed(scenes, face_pixels(2)), 20)]
    elapsed: list[list[float]] = [[] for _ in detectors]
    for run in range(WARM_UP + RUNS):
        for times, detector in zip(elapsed, detectors):
            start = time.thread_time()
            detector(images[run % len(images)], Settings().detection_threshold)
            times.append(time.thread_time() - start)
    return [statistics.median(times[WARM_UP:]) * 1e3 for times in elapsed]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a table in Markdown, at equal precision and at the default."""
    head = [f'{distance:g} m ({face_pixels(distance):.0f} px)' for distance in DISTANCES]
    rows = (
        (
            f'{outcome.width}',
            f'{threshold:.2f}',
            *(f'{100 * part:.1f} %' for part in recall.values()),
            f'{outcome.milliseconds:.2f}',
            f'{outcome.ratio:.2f}',
        )
        for outcome in outcomes
        for threshold, recall in (
            (outcome.threshold, outcome.recall),
            (Settings().detection_threshold, outcome.recall_default),
        )
    )
    return markdown.table(('detection_width', 'threshold', *head, 'ms', 'ratio'), rows, texts=1)


def plot(outcomes: Sequence[Outcome], path: Path) -> None:
    """Plot recall against time for each distance; dotted: at equal precision."""
    figure = Figure(figsize=(6.4, 4.0), dpi=110)
    axes = figure.add_subplot()
    ratios = [outcome.ratio for outcome in outcomes]
    for number, distance in enumerate(DISTANCES):
        for part, style in (('recall_default', '-'), ('recall', ':')):
            recalls = [100 * getattr(outcome, part)[f'{distance:g}'] for outcome in outcomes]
            label = f'{distance:g} m' if style == '-' else None
            axes.plot(ratios, recalls, f'C{number}o{style}', label=label)
    axes.set_xticks(ratios, [f'{outcome.width} px\n{outcome.ratio:.1f}' for outcome in outcomes])
    axes.set_xlabel('detection_width, and time of a detection (320 px: 1)')
    axes.set_ylabel('recall, %')
    axes.grid(alpha=0.3)
    axes.legend(title='distance', loc='lower right')
    figure.tight_layout()
    figure.savefig(path)


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('benchmarks.distances', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='an npz of scenes')
    parser.add_argument(
        '--detector', default=ModelNames().detector, help='name of a model (default: %(default)s)'
    )
    parser.add_argument(
        '--precision',
        type=float,
        default=0.98,
        help='precision at which widths are compared, 0 to 1 (default: %(default)s)',
    )
    add_output_options(parser)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        scenes = load_scenes(arguments.data).split(True)
        outcomes = measure(arguments.detector, scenes, arguments.precision)
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    faces = sum(_widest(scene) is not None for scene in scenes.scenes)
    print(f'{faces} faces\n')
    print(table(outcomes))
    write_outcomes(outcomes, plot, arguments)
    return 0


if __name__ == '__main__':
    sys.exit(main())
