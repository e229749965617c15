# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Face crops to probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from face_affect.core.crop import crop_face
from face_affect.core.faces import Box
from face_affect.core.models import CropGeometry, ModelError, Sidecar
from face_affect.core.runtime import Network


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def probabilities(sidecar: Sidecar, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the calibrated probabilities [..., labels] of the head of ``sidecar`` that answers.

    ``logits`` [..., L] of all heads, as the network returns them.
    """
    return softmax(logits[..., sidecar.answer] / np.float32(sidecar.temperature))


class Classifier:
    """A network that answers one question about a face."""

    def __init__(self, sidecar: Sidecar, detector: str, threads: int = 1) -> None:
        """Load the network, to classify faces that ``detector`` (a name) finds.

        Raises:
            ModelError: the network is not usable, or not calibrated for the detector.

        """
        self._geometry = sidecar.crop_for(detector)
        self._network = Network(sidecar, threads)
        shapes = self._network.output_shapes
        if shapes != [(1, sidecar.logits)]:
            heads = f' by {len(sidecar.heads)} heads' if sidecar.heads else ''
            raise ModelError(
                f'model {sidecar.name}: outputs {shapes} do not fit '
                f'its {len(sidecar.labels)} labels{heads}'
            )

    @property
    def sidecar(self) -> Sidecar:
        """The model's description."""
        return self._network.sidecar

    @property
    def view(self) -> tuple[CropGeometry, int]:
        """What the network sees of a face: the crop's geometry, and its side in pixels."""
        return self._geometry, self.sidecar.input.width

    def crop(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """Return the network's view of the face in ``box``: u8 [S, S] gray."""
        return crop_face(image, box, *self.view)

    def __call__(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the calibrated probabilities f32 [labels] of a crop u8 [S, S]."""
        (logits,) = self._network(crop)
        return probabilities(self.sidecar, logits)
