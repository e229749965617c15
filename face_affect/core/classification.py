# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Classification of face crops: calibrated probabilities of each label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face_affect.core.crop import crop_face, level_roll
from face_affect.core.faces import Detection
from face_affect.core.models import CropGeometry, ModelError, Sidecar
from face_affect.core.runtime import Network


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax of ``logits`` [..., C] over the last axis, f32 of the same shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def probabilities(sidecar: Sidecar, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the calibrated probabilities f32 [..., C] of the selected head of ``sidecar``.

    ``logits`` [..., L] of all heads, as the network returns them; softmax is applied after
    division by the head's temperature (Guo et al. 2017).
    """
    return softmax(logits[..., sidecar.answer] / np.float32(sidecar.temperature))


class Classifier:
    """A network that classifies face crops for one task."""

    def __init__(self, sidecar: Sidecar, detector: str, threads: int = 1) -> None:
        """Load the network for faces detected by ``detector``, a model name.

        Raises:
            ModelError: the network is not usable, or not calibrated for the detector.

        """
        self._geometry = sidecar.crop_for(detector)
        self._network = Network(sidecar, threads)
        shapes = self._network.output_shapes
        if shapes != [(1, sidecar.logits)]:
            heads = f' by {len(sidecar.heads)} heads' if sidecar.heads else ''
            raise ModelError(
                f'model {sidecar.name} has outputs {shapes}, but needs {[(1, sidecar.logits)]} '
                f'for its {len(sidecar.labels)} labels{heads}; export it again'
            )

    @property
    def sidecar(self) -> Sidecar:
        """The model's description."""
        return self._network.sidecar

    @property
    def view(self) -> tuple[CropGeometry, int]:
        """The crop geometry and the side of the input in pixels."""
        return self._geometry, self.sidecar.input.width

    def crop(self, image: NDArray[np.uint8], detection: Detection) -> NDArray[np.uint8]:
        """Return the input crop u8 [S, S] gray of a face, levelled as in the pipeline."""
        return crop_face(image, detection.box, *self.view, level_roll(detection))

    def __call__(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the calibrated probabilities f32 [C] of a crop u8 [S, S] gray."""
        (logits,) = self._network(crop)
        return probabilities(self.sidecar, logits)
