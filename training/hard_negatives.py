# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

r"""Mine hard negatives: select the scenes in which a trained detector has false positives.

    python -m training.hard_negatives --model models/face_detector.json \
        --data DATA/face_scenes.npz --teacher yunet.onnx --out DATA/hard_scenes.npz

Scenes are those of the training part. A teacher must not detect the false positive in an
enlarged crop either, since some faces of the data set are not labelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import sys

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.detection import Detector, load_detector
from face_affect.core.models import ModelError, read_sidecar
from support.command_line import module_parser
from training.data.archives import open_archive
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, save_scenes, Scene
from training.evaluation.detection_metrics import IGNORED_PART, IOU, overlap
from training.evaluation.yunet import YuNet

SUSPICION, CONFIRMATION = 0.4, 0.5  # minimum scores of the detector and of the teacher
# Sides of the teacher's crops in face widths; the crops have the height of its input, 240 pixels.
SURROUNDINGS = (8, 4)
SIDE = 240


def unlabelled(scene: Scene, detector: Detector) -> Iterator[NDArray[np.float32]]:
    """Yield the boxes f32 [4] of detections that are neither faces nor ignored in ``scene``."""
    for found in detector(scene.image, SUSPICION):
        box = np.array(
            (found.box.x, found.box.y, found.box.width, found.box.height), dtype=np.float32
        )
        iou, inside = overlap(scene.boxes, box)
        if not (iou >= IOU).any() and not (inside[scene.ignore] >= IGNORED_PART).any():
            yield box


def is_face(image: NDArray[np.uint8], box: NDArray[np.float32], teacher: Detector) -> bool:
    """Return whether ``teacher`` detects a face at ``box`` f32 [4] in an enlarged crop."""
    for widths in SURROUNDINGS:
        zoom = SIDE / (widths * float(box[2]))
        shift = SIDE / 2 - (box[:2] + box[2:] / 2) * zoom
        matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        view = np.asarray(cv2.warpAffine(image, matrix, (SIDE, SIDE)), dtype=np.uint8)
        expected = np.hstack([box[:2] * zoom + shift, box[2:] * zoom]).astype(np.float32)
        for found in teacher(view, CONFIRMATION):
            detected = np.array(
                [(found.box.x, found.box.y, found.box.width, found.box.height)], dtype=np.float32
            )
            if overlap(detected, expected)[0][0] >= IOU:
                return True
    return False


def pick(data: Path, detector: Detector, teacher: Detector, out: Path) -> int:
    """Write the scenes with false positives, and return their number.

    Raises:
        FileNotFoundError: ``data`` does not exist.
        DatasetError: ``data`` is not a set of scenes, or no scene has a false positive.

    """
    scenes = load_scenes(data)
    with open_archive(data) as archive:
        encoded, offsets = archive['encoded'], archive['offsets']
    hard = []
    for row in tqdm(np.flatnonzero(scenes.keys % 10), 'checking', disable=None, leave=False):
        scene = scenes.scenes[row]
        if any(not is_face(scene.image, box, teacher) for box in unlabelled(scene, detector)):
            hard.append((encoded[offsets[row] : offsets[row + 1]], scene))
    if not hard:
        raise DatasetError(f'{data}: the detector has no false positive in the training scenes')
    save_scenes(out, hard)
    return len(hard)


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.hard_negatives', __doc__)
    parser.add_argument('--model', type=Path, required=True, help="the detector's sidecar")
    parser.add_argument('--data', type=Path, required=True, help='an npz of scenes')
    parser.add_argument('--teacher', type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument('--out', type=Path, required=True, help='the npz of scenes to write')
    arguments = parser.parse_args()
    try:
        count = pick(
            arguments.data,
            load_detector(read_sidecar(arguments.model)),
            YuNet(arguments.teacher),
            arguments.out,
        )
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{arguments.out}: {count} scenes')
    return 0


if __name__ == '__main__':
    sys.exit(main())
