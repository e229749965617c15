# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The pipeline's estimates of faces in images against the network's for their training crops.

A net is only as good as its crop: the crop must show the face as the training pictures do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import zlib

import cv2
from demo_bag import DemoFrame, TrueFace
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.classification import probabilities
from face_affect.core.crop import crop_square
from face_affect.core.faces import Box, Estimate, Face, GENDERS
from face_affect.core.models import Sidecar
from face_affect.core.pipeline import Pipeline
from face_affect.core.runtime import Network
from face_affect.core.settings import Settings

# Marked by hand in the demo's portraits, in parts of the true box: the point between
# the eyes (x, y) and the middle of the mouth.
EYES = {0: (0.522, 0.364), 1: (0.518, 0.407), 2: (0.485, 0.315), 3: (0.602, 0.409)}
MOUTH = {0: (0.470, 0.724), 1: (0.516, 0.744), 2: (0.518, 0.713), 3: (0.551, 0.749)}

# Medians of the training pictures, in parts of their side: from eyes to mouth, and how
# far the middle between them lies below the middle of the picture.
TRAINING = {'emotion': (0.369, 0.083), 'gender': (0.382, -0.003)}

PICTURES = 400
SCENE = (640, 480)


def training_square(face: TrueFace, task: str) -> Box:
    """Return where the face's training picture lies."""
    box = face.box
    eyes, mouth = (
        np.array([box.x + x * box.width, box.y + y * box.height])
        for x, y in (EYES[face.person], MOUTH[face.person])
    )
    distance, below = TRAINING[task]
    side = float(mouth[1] - eyes[1]) / distance
    x, y = (eyes + mouth) / 2
    return Box(float(x) - side / 2, float(y) - below * side - side / 2, side, side)


def picture_of(image: NDArray[np.uint8], square: Box, size: int) -> NDArray[np.uint8]:
    """Return the square as u8 [size, size] gray, by means of pixels and nothing of the product."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    fine = 4 * size
    zoom = fine / square.width
    matrix = np.array(
        [[zoom, 0, (0.5 - square.x) * zoom - 0.5], [0, zoom, (0.5 - square.y) * zoom - 0.5]]
    )
    large = cv2.warpAffine(
        gray, matrix, (fine, fine), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(
        cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def estimate_of(face: Face, task: str) -> Estimate:
    estimate = face.emotion if task == 'emotion' else face.gender
    assert estimate is not None
    return estimate


def sidecar_of(pipeline: Pipeline, task: str) -> Sidecar:
    return next(sidecar for sidecar in pipeline.sidecars if sidecar.task == task)


@pytest.mark.parametrize('task', ['emotion', 'gender'])
class TestDemoFaces:
    @pytest.fixture
    def pairs(
        self, pipeline: Pipeline, demo_frames: list[DemoFrame], task: str
    ) -> list[tuple[int, Box, Box, NDArray[np.float32], NDArray[np.float32]]]:
        """Return person, training square, chain's square, and both answers of many faces."""
        sidecar = sidecar_of(pipeline, task)
        network = Network(sidecar)
        geometry = sidecar.crop_for(pipeline.sidecars[0].calibrated_as)
        rows = []
        for frame in demo_frames[30:240:6]:
            image = frame.image
            faces = pipeline.process(image, frame.stamp).faces
            for true in frame.faces:
                found = true.found_in(faces)
                if found is None or true.at_border():
                    continue
                square = training_square(true, task)
                direct = probabilities(
                    sidecar, network(picture_of(image, square, sidecar.input.width))[0]
                )
                chain = np.array(estimate_of(found, task).frame_probabilities, np.float32)
                rows.append(
                    (
                        true.person,
                        square,
                        crop_square(found.detection.box, geometry),
                        direct,
                        chain,
                    )
                )
        assert len(rows) > 40
        return rows

    def test_crops_lie_on_each_other(self, pairs: list[tuple[int, Box, Box]], task: str) -> None:
        overlap = {
            person: float(np.median([row[1].iou(row[2]) for row in pairs if row[0] == person]))
            for person in EYES
        }
        # Four faces with proportions of their own, against the mean of thousands.
        assert min(overlap.values()) > 0.78, overlap
        assert np.mean(list(overlap.values())) > 0.84, overlap

    def test_answers_agree(
        self,
        pairs: list[tuple[int, Box, Box, NDArray[np.float32], NDArray[np.float32]]],
        task: str,
    ) -> None:
        confident = [(direct, chain) for *_, direct, chain in pairs if direct.max() > 0.7]
        assert len(confident) > 15
        same = [direct.argmax() == chain.argmax() for direct, chain in confident]
        assert np.mean(same) > 0.95
        assert np.mean([np.abs(direct - chain).max() for direct, chain in confident]) < 0.06


@dataclass(frozen=True)
class Labelled:
    """Pictures of the held-out tenth of a set."""

    pictures: list[NDArray[np.uint8]]
    labels: NDArray[np.int64]


def held_out(path: Path, task: str) -> Labelled:
    """Return some pictures whose bytes' hash keeps them out of training."""
    with np.load(path) as archive:
        encoded, offsets = archive['encoded'], archive['offsets']
        if task == 'emotion':
            labels, usable = archive['labels'], archive['usage'] == 0
        else:
            order = [GENDERS.index(str(name)) for name in archive['gender_names']]
            labels = np.array(order)[archive['gender']]
            usable = np.ones(len(labels), bool)
    rows: list[int] = []
    for row in np.random.default_rng(5).permutation(np.flatnonzero(usable)):
        if zlib.crc32(encoded[offsets[row] : offsets[row + 1]].tobytes()) % 10 == 0:
            rows.append(row)
        if len(rows) == PICTURES:
            break
    pictures = [
        np.asarray(
            cv2.imdecode(encoded[offsets[row] : offsets[row + 1]], cv2.IMREAD_GRAYSCALE),
            dtype=np.uint8,
        )
        for row in rows
    ]
    return Labelled(pictures, labels[rows].astype(np.int64))


@pytest.mark.parametrize(
    'task, file',
    [
        ('emotion', 'fer2013_training_publictest.npz'),
        ('gender', 'fairface_gray80_train.npz'),
        ('gender', 'utkface_gray80.npz'),
    ],
)
def test_pictures_in_scenes(shared_data: Path, task: str, file: str) -> None:
    """UTKFace's pictures show the whole head; the others end with the face, and so does its box.

    How exactly the crop lies is therefore not asked here, but of the demo's faces.
    """
    if not (shared_data / file).exists():
        pytest.skip(f'{file} is not in {shared_data}')
    # The detector is not sure of faces without hair and ears.
    pipeline = Pipeline(Settings(confirm_frames=1, smoothing_time=0, detection_threshold=0.4))
    sidecar = sidecar_of(pipeline, task)
    network = Network(sidecar)
    data, rng = held_out(shared_data / file, task), np.random.default_rng(1)
    size = (sidecar.input.width, sidecar.input.height)
    rows = []
    for picture, label in zip(data.pictures, data.labels):
        side = int(rng.integers(120, 300))
        x, y = int(rng.integers(0, SCENE[0] - side)), int(rng.integers(0, SCENE[1] - side))
        scene = np.full(SCENE[::-1], int(picture.mean()), np.uint8)
        scene[y : y + side, x : x + side] = cv2.resize(
            picture, (side, side), interpolation=cv2.INTER_CUBIC
        )
        pipeline.reset()
        place = Box(x, y, side, side)
        faces = [
            face
            for face in pipeline.process(scene, 0.0).faces
            if face.detection.box.iou(place) > 0.2
        ]
        if faces:
            small = np.asarray(cv2.resize(picture, size), dtype=np.uint8)
            direct = int(probabilities(network.sidecar, network(small)[0]).argmax())
            chain = int(np.argmax(estimate_of(faces[0], task).frame_probabilities))
            rows.append((direct == label, chain == label, direct == chain))
    right, chain_right, agree = np.array(rows, float).T
    figures = (
        f'{task}: {len(rows)} of {len(data.pictures)} found, accuracy {right.mean():.3f} '
        f'of the training pictures, {chain_right.mean():.3f} of the chain, the same '
        f'answer for {agree.mean():.3f}'
    )
    print(figures)
    assert len(rows) > PICTURES / 2, figures
    assert chain_right.mean() > right.mean() - 0.06, figures
    assert agree.mean() > {'emotion': 0.7, 'gender': 0.82}[task], figures
