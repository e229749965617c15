# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Inference with the deployed .tflite on test images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from face_affect.core.classification import probabilities
from face_affect.core.models import Sidecar
from face_affect.core.runtime import Network
from training.data.faces import resized


def logits_of(sidecar: Sidecar, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the logits f32 [N, L] of all heads for images u8 [N, H, W]."""
    network = Network(sidecar)
    pictures = resized(images, sidecar.input.width)
    return np.stack(
        [
            network(picture)[0]
            for picture in tqdm(pictures, sidecar.name, disable=None, leave=False)
        ]
    )


def probabilities_of(sidecar: Sidecar, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the calibrated probabilities f32 [N, C] of the selected head.

    ``images`` u8 [N, H, W] gray.
    """
    return probabilities(sidecar, logits_of(sidecar, images))
