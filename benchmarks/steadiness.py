# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure the stability of boxes and labels for people who stand still.

    python -m benchmarks.steadiness --data DATA/face_scenes.npz

Held-out scenes are resized to 640x480 and recorded at 30 Hz by a simulated camera that sways by
1.5 pixels and adds sensor noise. For the whole pipeline, prints the mean IoU of boxes with the
labelled ones, the change of a box between frames relative to the face's size, and the rate of
changes of the reported labels. Measures accuracy, not speed.
"""

from __future__ import annotations

from collections.abc import Iterator
import math
from pathlib import Path
import sys

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.films import SIZE, sway
from face_affect.core.faces import Box, Face
from face_affect.core.models import ModelError
from face_affect.core.pipeline import Pipeline
from face_affect.core.strict_json import nan_as_none, to_json
from face_affect.core.tasks import TASKS
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, Scene

RATE = 30.0  # images per second
NEAREST, FARTHEST = 240, 28  # maximum and minimum width in pixels of evaluated faces
MATCH_IOU = 0.4


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('benchmarks.steadiness', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='an npz of scenes')
    parser.add_argument(
        '--scenes', type=int, default=40, help='number of scenes (default: %(default)s)'
    )
    parser.add_argument(
        '--seconds', type=float, default=2.0, help='seconds per scene (default: %(default)s)'
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        scenes = [scene for scene in load_scenes(arguments.data).split(True).scenes if _of(scene)]
        figures = measure_steadiness(
            scenes[:: max(len(scenes) // arguments.scenes, 1)][: arguments.scenes],
            round(arguments.seconds * RATE),
        )
    except (DatasetError, FileNotFoundError, ModelError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if arguments.json:
        print(to_json(nan_as_none(figures)))
    else:
        for name, value in figures.items():
            print(f'{name:34}{value:10.4g}')
    return 0


def measure_steadiness(scenes: list[Scene], frames: int) -> dict[str, float]:
    """Return all metrics by name for ``scenes`` of ``frames`` images each."""
    pipeline = Pipeline()
    overlaps, moves, growths = list[float](), list[float](), list[float]()
    changes = {task.name: 0 for task in TASKS}
    seconds = 0.0
    for scene in tqdm(scenes, disable=None, leave=False):
        pipeline.reset()
        last: dict[int, Face] = {}
        last_shift = np.zeros(2)
        for number, (image, shift) in enumerate(film(scene, frames)):
            found = pipeline.process(image, number / RATE).faces
            now = dict[int, Face]()
            for key, box in enumerate(_of(scene)):
                box = box.moved(*shift.tolist())
                face = max(found, key=lambda one: one.detection.box.iou(box), default=None)
                if face is None or face.detection.box.iou(box) < MATCH_IOU:
                    continue
                now[key] = face
                overlaps.append(face.detection.box.iou(box))
                if key in last:
                    move, growth = _change(last[key], face, shift - last_shift)
                    moves.append(move)
                    growths.append(growth)
                    seconds += 1 / RATE
                    for task in TASKS:
                        before, after = (
                            one.estimates[task.name].label for one in (last[key], face)
                        )
                        changes[task.name] += before != after
            last, last_shift = now, shift
    return {
        'faces': float(sum(len(_of(scene)) for scene in scenes)),
        'mean IoU with the labels': float(np.mean(overlaps)),
        'centre, rms change (%)': 100 * math.sqrt(np.mean(np.square(moves))),
        'centre, median change (%)': 100 * float(np.median(moves)),
        'size, rms change (%)': 100 * math.sqrt(np.mean(np.square(growths))),
        'size, median change (%)': 100 * float(np.median(growths)),
        **{f'{name} changes per minute': 60 * count / seconds for name, count in changes.items()},
    }


def film(scene: Scene, frames: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Yield images u8 [H, W, 3] BGR of ``scene``, and the shift of each, [2] pixels."""
    zoom = _zoom(scene)
    large = cv2.resize(scene.image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    return sway(np.asarray(large, dtype=np.uint8), frames, RATE)


def _zoom(scene: Scene) -> float:
    height, width = scene.image.shape[:2]
    return min(SIZE[0] / width, SIZE[1] / height)


def _of(scene: Scene) -> list[Box]:
    """Return the boxes of the evaluated faces, in pixels of the images."""
    return [
        Box(*box.tolist())
        for box in scene.boxes[~scene.ignore] * _zoom(scene)
        if FARTHEST <= box[2] <= NEAREST
    ]


def _change(before: Face, after: Face, shift: NDArray[np.float64]) -> tuple[float, float]:
    """Return the displacement of a box in face sizes, and the change of its log size."""
    one, other = before.detection.box, after.detection.box
    moved = np.subtract(other.centre, one.centre) - shift
    return (
        float(np.hypot(*moved)) / math.sqrt(one.area),
        abs(math.log(other.area / one.area)) / 2,
    )


if __name__ == '__main__':
    sys.exit(main())
