# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Compare JPEG images of 4096x2160 decoded in full and as far as the pipeline needs.

    python -m benchmarks.large_jpeg --data face_scenes.npz

The images are mosaics of scenes, none enlarged, with their widest faces WIDTHS pixels wide.
Counted are the faces found, those found in both ways, and those of them with another label; for
comparison also in the full images encoded once more. Times are medians of processor time, the
ways in turn, one thread; the peak is that of a process that decodes and processes one image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Face, FrameResult
from face_affect.core.images import decode_compressed, encode_jpeg
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import Settings
from face_affect.core.tasks import TASKS
from support import markdown
from support.command_line import module_parser
from support.footprint import PEAK_KB
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, Scene

SIZE = (4096, 2160)
WIDTHS = (102, 115, 128)  # pixels; 8, 9 and 10 in the detector's input
GAPS = (8, 13, 19, 26)  # pixels between scenes; each gives other places
TIMED_WIDTH = 64  # pixels; enough scenes for a full image
RUNS = 15
REDUCTIONS = (1, 2, 4)  # of which the times are compared
SAME = 0.5  # least IoU of two boxes of one face
PEAK = f"""
import sys
import cv2
from face_affect.core.images import decode_compressed
from face_affect.core.pipeline import Pipeline
cv2.setNumThreads(1)
pipeline, reduction = Pipeline(), int(sys.argv[2])
image = decode_compressed(open(sys.argv[1], 'rb').read(), reduction=reduction)
pipeline.process(image, 0.0, reduction)
print({PEAK_KB})
"""


@dataclass
class Way:
    """A way to decode, and the faces found with it."""

    name: str
    reduction: int
    prepare: Callable[[bytes], bytes] = bytes
    faces: int = 0
    both: int = 0
    others: dict[str, int] = field(default_factory=lambda: {task.name: 0 for task in TASKS})

    def process(self, pipeline: Pipeline, jpeg: bytes) -> FrameResult:
        """Return what ``pipeline`` says to an image."""
        pipeline.reset()
        image = decode_compressed(self.prepare(jpeg), reduction=self.reduction)
        return pipeline.process(image, 0.0, self.reduction)

    def compare(self, expected: FrameResult, found: FrameResult) -> None:
        """Count the faces of both and their labels."""
        self.faces += len(found.faces)
        for face in expected.faces:
            same = _same(face, found.faces)
            if same is None:
                continue
            self.both += 1
            for task in self.others:
                self.others[task] += face.estimates[task].label != same.estimates[task].label


def _same(face: Face, faces: Sequence[Face]) -> Face | None:
    box = face.detection.box
    best = max(faces, key=lambda other: other.detection.box.iou(box), default=None)
    return best if best and best.detection.box.iou(box) >= SAME else None


def shrunk(scenes: Sequence[Scene], width: int) -> Iterator[NDArray[np.uint8]]:
    """Yield scenes with their widest face ``width`` pixels wide, without those to be enlarged."""
    for scene in scenes:
        widest = scene.boxes[~scene.ignore][:, 2].max(initial=0)
        if widest >= width:
            scale = width / widest
            image = cv2.resize(scene.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            yield np.asarray(image, dtype=np.uint8)


def mosaics(parts: Iterator[NDArray[np.uint8]], gap: int) -> Iterator[NDArray[np.uint8]]:
    """Yield images of SIZE, filled with ``parts`` row by row; the last one may not be full."""
    image = np.full((SIZE[1], SIZE[0], 3), 110, np.uint8)
    x = y = row = 0
    for part in parts:
        height, width = part.shape[:2]
        if x + width > SIZE[0]:
            x, y, row = 0, y + row + gap, 0
        if y + height > SIZE[1]:
            yield image
            image, x, y, row = np.full_like(image, 110), 0, 0, 0
        image[y : y + height, x : x + width] = part
        x, row = x + width + gap, max(row, height)
    yield image


def peak(jpeg: bytes, reduction: int) -> float:
    """Return the peak memory in MB of a process that processes one image."""
    with tempfile.NamedTemporaryFile(suffix='.jpg') as file:
        file.write(jpeg)
        file.flush()
        done = subprocess.run(
            [sys.executable, '-c', PEAK, file.name, str(reduction)],
            check=True,
            capture_output=True,
            text=True,
        )
    return int(done.stdout) / 1e3


def compare(pipeline: Pipeline, scenes: Sequence[Scene], width: int) -> tuple[Way, ...]:
    """Return the ways with what they found in mosaics with faces ``width`` pixels wide."""
    ways = (
        Way('in full', 1),
        Way('at 1/2', 2),
        Way('in full, encoded twice', 1, lambda jpeg: encode_jpeg(decode_compressed(jpeg))),
    )
    for gap in GAPS:
        for image in mosaics(shrunk(scenes, width), gap):
            jpeg = encode_jpeg(image)
            results = [way.process(pipeline, jpeg) for way in ways]
            for way, result in zip(ways, results):
                way.compare(results[0], result)
    return ways


def milliseconds(
    pipeline: Pipeline, jpeg: bytes, reductions: Sequence[int]
) -> NDArray[np.float64]:
    """Return the median times of decoding and of ``pipeline``, [len(reductions), 2]."""
    times = np.zeros((RUNS, len(reductions), 2))
    for run in range(RUNS):
        for row, reduction in enumerate(reductions):
            start = time.thread_time()
            image = decode_compressed(jpeg, reduction=reduction)
            decoded = time.thread_time()
            pipeline.process(image, 0.0, reduction)
            times[run, row] = decoded - start, time.thread_time() - decoded
    return np.asarray(np.median(times, axis=0) * 1e3)


def main() -> int:
    """Run the command line."""
    parser = module_parser('benchmarks.large_jpeg', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='an npz of scenes')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        scenes = load_scenes(arguments.data).scenes
    except (DatasetError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    pipeline = Pipeline(Settings(confirm_frames=1))
    ways = ((width, way) for width in WIDTHS for way in compare(pipeline, scenes, width))
    found = [
        (
            f'{width} px',
            way.name,
            f'{way.faces}',
            f'{way.both}',
            *(f'{count / max(way.both, 1):.1%}' for count in way.others.values()),
        )
        for width, way in ways
    ]
    others = [f'other {task.name}' for task in TASKS]
    print(markdown.table(('widest faces', 'decoded', 'faces', 'in both', *others), found, texts=2))
    jpeg = encode_jpeg(next(mosaics(shrunk(scenes, TIMED_WIDTH), GAPS[0])))
    print(f'\nJPEG of {len(jpeg) / 1e6:.1f} MB\n')
    times = milliseconds(pipeline, jpeg, REDUCTIONS)
    costs = (
        (
            f'at 1/{reduction}',
            f'{decoding:.1f} ms',
            f'{processing:.2f} ms',
            f'{peak(jpeg, reduction):.0f} MB',
        )
        for reduction, (decoding, processing) in zip(REDUCTIONS, times)
    )
    print(markdown.table(('decoded', 'decode', 'pipeline', 'peak'), costs, texts=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
