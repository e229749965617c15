# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Comparison of all classifiers on a face: probabilities and saliency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face_affect.core.classification import Classifier
from face_affect.core.faces import Detection
from face_affect.core.models import available_models
from face_affect.core.saliency import Saliency, saliency_path


@dataclass(frozen=True)
class ModelAnswer:
    """The output of one network for one face.

    ``crop`` u8 [S, S], its input; ``probabilities`` f32 [C] in the order of ``labels``;
    ``gradients`` f32 [C, S, S], the guided gradient of each label's score, see Saliency.
    """

    model: str
    crop: NDArray[np.uint8]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float32]
    gradients: NDArray[np.float32]


class ModelComparison:
    """All classifiers of the package that have a saliency network."""

    def __init__(self, detector: str) -> None:
        """Load the classifiers that are calibrated for ``detector``, a model name.

        Raises:
            ModelError: one of them is not usable.

        """
        sidecars = [
            sidecar
            for sidecar in available_models()
            if detector in sidecar.crop and saliency_path(sidecar).exists()
        ]
        self._networks = [
            (Classifier(sidecar, detector), Saliency(sidecar)) for sidecar in sidecars
        ]

    def __call__(self, image: NDArray[np.uint8], detection: Detection) -> list[ModelAnswer]:
        """Classify a detected face in ``image``, u8 [H, W, 3] BGR or [H, W] gray."""
        answers = []
        for classifier, saliency in self._networks:
            crop, labels = classifier.crop(image, detection), classifier.sidecar.labels
            answers.append(
                ModelAnswer(
                    classifier.sidecar.name,
                    crop,
                    labels,
                    classifier(crop),
                    np.stack([saliency(crop, label) for label in labels]),
                )
            )
        return answers
