# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Calibrate a classifier's crop for a detector, by running that over the training pictures.

    python -m training.calibrate --model models/gender_mini_xception.json --data FILE.npz

Each picture is put into a larger scene, the detector looks for the face, and the
median place of the picture relative to the found box goes into the sidecar.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
import math
from pathlib import Path
import sys
from typing import Optional

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.detection import Detector, load_detector
from face_affect.core.faces import Box
from face_affect.core.models import (
    CropGeometry,
    find_model,
    ModelError,
    read_sidecar,
    write_sidecar,
)
from face_affect.core.pipeline import ModelNames
from training.datasets import DatasetError, FaceSet, load_faces, training_part

SCENE = 480     # pixels; the side of the scene
FACE = 200      # pixels; the side of the picture in it
THRESHOLD = 0.5


def scene_with(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box]:
    """Return a gray scene with ``picture`` in its middle, and where it lies."""
    large = cv2.resize(picture, (FACE, FACE), interpolation=cv2.INTER_CUBIC)
    margin = (SCENE - FACE) // 2
    # A mirrored, blurred surrounding is the least like a face or an edge.
    scene = cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    scene = cv2.GaussianBlur(scene, (0, 0), 8)
    scene[margin:margin + FACE, margin:margin + FACE] = large
    return scene, Box(margin, margin, FACE, FACE)


def geometry_of(picture: Box, found: Box) -> tuple[float, float, float]:
    """Return (scale, dx, dy) that leads from box ``found`` to ``picture``."""
    size = math.sqrt(found.area)
    (x, y), (found_x, found_y) = picture.centre, found.centre
    return picture.width / size, (x - found_x) / size, (y - found_y) / size


def measure(faces: FaceSet, detector: Detector) -> NDArray[np.float64]:
    """Return (scale, dx, dy) [M, 3] of the M pictures in which the detector finds a face."""
    rows = []
    for picture in tqdm(faces.images, 'detecting', disable=None, leave=False):
        scene, place = scene_with(picture)
        found = detector(scene, THRESHOLD)
        if found:
            rows.append(geometry_of(place, found[0].box))
    return np.array(rows).reshape(-1, 3)


def calibrate(model: Path, detector_name: str, data: Path, limit: Optional[int]) -> CropGeometry:
    """Measure, write the geometry into the sidecar, and return it.

    Raises:
        DatasetError: the detector finds too few of the faces.

    """
    sidecar = read_sidecar(model)
    faces = training_part(load_faces(data))
    if limit and limit < len(faces):
        rows = np.zeros(len(faces), dtype=bool)
        rows[np.random.default_rng(0).choice(len(faces), limit, replace=False)] = True
        faces = faces.subset(rows)
    detector = load_detector(find_model(detector_name, 'face_detection'))
    places = measure(faces, detector)
    print(f'{detector_name} finds {len(places)} of {len(faces)} faces')
    if len(places) < 50:
        raise DatasetError('too few for a calibration')
    low, middle, high = np.percentile(places, (10, 50, 90), axis=0)
    for name, *values in zip(('scale', 'dx', 'dy'), low, middle, high):
        print(f'{name}: median {values[1]:.3f}, 80 % from {values[0]:.3f} to {values[2]:.3f}')
    # Left and right are alike, so a sideways shift is chance.
    geometry = CropGeometry(round(float(middle[0]), 3), 0.0, round(float(middle[2]), 3))
    write_sidecar(replace(sidecar, crop={**sidecar.crop, detector_name: geometry}))
    return geometry


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m training.calibrate', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, required=True, help="the classifier's sidecar")
    parser.add_argument('--detector', default=ModelNames().detector,
                        help='the detector (default: %(default)s)')
    parser.add_argument('--data', type=Path, required=True, help='its training pictures (npz)')
    parser.add_argument('--limit', type=int, help='use that many pictures, drawn at random')
    arguments = parser.parse_args()
    try:
        print(calibrate(arguments.model, arguments.detector, arguments.data, arguments.limit))
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
