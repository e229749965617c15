# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

r"""Create scenes of near faces from face crops, with pseudo-labels of a teacher detector.

    python -m training.pseudo_labels --data DATA/fairface_gray80_train.npz \
        --teacher yunet.onnx --out DATA/fairface_scenes.npz

The scene data sets have few large faces, and a face crop resembles the image of a near person.
Only crops of the training part are used in which the teacher detects a single, complete, centred
face with a high score; their encoded bytes are unchanged.
"""

from __future__ import annotations

from pathlib import Path
import sys

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.detection import Detector
from face_affect.core.faces import Detection
from support.command_line import module_parser
from training.data.archives import open_archive
from training.data.faces import DatasetError
from training.data.loading import load_faces
from training.data.scenes import save_scenes, Scene
from training.evaluation.yunet import YuNet

SURE, DOUBTFUL = 0.8, 0.3  # minimum scores of the face, and of any second face
# In sides of the image: minimum and maximum side of the face, maximum offset of its centre
SMALLEST, LARGEST, OFF_CENTRE = 0.5, 1.1, 0.15


def the_face(picture: NDArray[np.uint8], teacher: Detector) -> Detection | None:
    """Return the single centred face in ``picture`` u8 [S, S] gray; None if it is unclear."""
    found = teacher(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), DOUBTFUL)
    if len(found) != 1 or found[0].score < SURE:
        return None
    side = picture.shape[0]
    box = found[0].box
    off_centre = max(abs(middle / side - 0.5) for middle in box.centre)
    plausible = (
        off_centre < OFF_CENTRE
        and min(box.width, box.height) / side > SMALLEST
        and max(box.width, box.height) / side < LARGEST
    )
    return found[0] if plausible else None


def label(data: Path, teacher: Detector, out: Path, limit: int | None) -> tuple[int, int]:
    """Write the scenes; return the numbers of scenes and of examined images.

    ``limit``: number of images to examine, None for all.

    Raises:
        FileNotFoundError: ``data`` does not exist.
        DatasetError: ``data`` is not a set of face crops, or no face is accepted.

    """
    faces = load_faces(data)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(faces.keys % 10 != 0))[:limit]
    with open_archive(data) as archive:
        encoded, offsets = archive['encoded'], archive['offsets']
    found = []
    for row in tqdm(np.sort(rows), 'labelling', disable=None, leave=False):
        picture = faces.images[row]
        if face := the_face(picture, teacher):
            box = (face.box.x, face.box.y, face.box.width, face.box.height)
            scene = Scene(
                picture,
                np.array([box], dtype=np.float32),
                np.array([face.landmarks], dtype=np.float32),
                np.zeros(1, bool),
                data.stem,
            )
            found.append((encoded[offsets[row] : offsets[row + 1]], scene))
    if not found:
        raise DatasetError(
            f'{data}: the teacher detects no single centred face with a score of at least {SURE}'
        )
    save_scenes(out, found)
    return len(found), len(rows)


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.pseudo_labels', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='face crops (npz)')
    parser.add_argument('--teacher', type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument('--out', type=Path, required=True, help='the npz of scenes to write')
    parser.add_argument(
        '--limit', type=int, help='number of images, drawn at random (default: all)'
    )
    arguments = parser.parse_args()
    try:
        kept, total = label(
            arguments.data, YuNet(arguments.teacher), arguments.out, arguments.limit
        )
    except (DatasetError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{arguments.out}: {kept} scenes from {total} images')
    return 0


if __name__ == '__main__':
    sys.exit(main())
