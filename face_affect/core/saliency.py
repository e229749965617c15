# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Saliency of classifiers by guided back-propagation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.crop import crop_face, crop_square, level_roll
from face_affect.core.faces import Box, Face, FrameResult
from face_affect.core.models import ModelError, read_sidecar, Sidecar
from face_affect.core.rotation import Rotation
from face_affect.core.runtime import Network
from face_affect.core.tasks import TASKS

# Subjects of an explanation: a task, for its most probable label, or a label
SUBJECTS = (
    *(task.name for task in TASKS),
    *(label for task in TASKS for label in task.labels),
)


def saliency_path(classifier: Sidecar) -> Path:
    """Return the sidecar path of the saliency network of ``classifier``."""
    return classifier.path.with_name(f'{classifier.path.stem}_saliency.json')


@dataclass(frozen=True)
class Explanation:
    """The saliency of one label for one face.

    ``probability`` 0..1 of the label; ``square`` the crop, in pixels of the explained image, as
    the box of ``face``; ``gradient`` f32 [S, S] over ``square`` in the orientation of the image,
    see Saliency.
    """

    face: Face
    label: str
    probability: float
    square: Box
    gradient: NDArray[np.float32]


class Saliency:
    """The guided gradient (Springenberg et al. 2015) of a classifier's scores by its input."""

    def __init__(self, classifier: Sidecar, threads: int = 1) -> None:
        """Load the saliency network of ``classifier``.

        Raises:
            ModelError: it does not exist, is not usable, or belongs to another version.

        """
        sidecar = read_sidecar(saliency_path(classifier))
        if (sidecar.task, sidecar.training.get('sha256')) != (
            f'{classifier.task}_saliency',
            classifier.sha256,
        ):
            raise ModelError(
                f'model {sidecar.name} explains another version of {classifier.name}; export it '
                'again with python -m training.saliency'
            )
        self.classifier = classifier
        self._network = Network(sidecar, threads)
        side, logits = classifier.input.width, classifier.logits
        if self._network.output_shapes != [(1, logits), (1, side, side, 1)]:
            raise ModelError(
                f'model {sidecar.name} has outputs {self._network.output_shapes}, but needs '
                f'{[(1, logits), (1, side, side, 1)]} for {classifier.name}; export it again with '
                'python -m training.saliency'
            )
        self._one_hot = np.eye(logits, dtype=np.float32)[classifier.answer]

    def __call__(self, crop: NDArray[np.uint8], label: str) -> NDArray[np.float32]:
        """Return the gradient f32 [S, S] of the score of ``label`` for a crop u8 [S, S].

        In logits per unit of brightness (0..1). Positive: a brighter pixel increases the score;
        zero: the pixel has no influence on it.

        Raises:
            ValueError: the classifier has no such label.

        """
        row = self.classifier.labels.index(label)
        _, gradient = self._network(crop, self._one_hot[row])
        return gradient[:, :, 0]


class Explainer:
    """Computes the saliency of the faces in a result."""

    def __init__(self, classifiers: Iterable[Sidecar], detector: str, threads: int = 1) -> None:
        """Load the saliency networks of those of ``classifiers`` that have one.

        ``detector``: name of the model that detects the faces.

        Raises:
            ModelError: a network is not usable, or belongs to another version.

        """
        self._detector = detector
        self._networks = {
            sidecar.task: Saliency(sidecar, threads)
            for sidecar in classifiers
            if saliency_path(sidecar).exists()
        }

    def __call__(
        self, image: NDArray[np.uint8], result: FrameResult, subject: str
    ) -> list[Explanation]:
        """Return an explanation of ``subject`` for each face of ``result``.

        Faces whose task is disabled or has no saliency network are omitted.

        Args:
            image: u8 [H, W, 3] BGR or [H, W] gray, in which the faces were detected, of any size.
            result: the faces.
            subject: one of SUBJECTS.

        """
        rotation = Rotation.of(result.rotate, image)
        faces = result.faces_at(image.shape[1])
        image = rotation.image(image)
        found = []
        for face in faces:
            detection = rotation.face(face).detection
            box, roll = detection.box, level_roll(detection)
            for task, network in self._networks.items():
                estimate = face.estimates.get(task)
                if estimate is None or subject not in (task, *estimate.labels):
                    continue
                label = estimate.best if subject == task else subject
                classifier = network.classifier
                geometry = classifier.crop_for(self._detector)
                crop = crop_face(image, box, geometry, classifier.input.width, roll)
                found.append(
                    Explanation(
                        face,
                        label,
                        estimate.probability(label),
                        rotation.inverse.box(crop_square(box, geometry, roll)),
                        np.rot90(_rolled(network(crop, label), roll), result.rotate // 90),
                    )
                )
        return found


def _rolled(gradient: NDArray[np.float32], roll: float) -> NDArray[np.float32]:
    """Return the gradient of a levelled crop in the orientation of the image, 0 outside of it."""
    if not roll:
        return gradient
    side = len(gradient)
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), -roll, 1)
    return np.asarray(cv2.warpAffine(gradient, matrix, (side, side)), dtype=np.float32)
