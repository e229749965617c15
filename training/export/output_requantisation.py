# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Finer quantisation steps for a detector's outputs.

Calibration finds the range of all cells, and most cells of a picture describe no face: their
scores are very low, and their boxes and landmarks are arbitrary. An int8 step is then a fifth of
a logit, and at stride 16 a seventh of a box's size. What cells with a face answer lies in a
narrow range. A convolution's sums do not depend on the scale of its output, so a narrower range
can be written into the finished network.
"""

from __future__ import annotations

import numpy as np
from tensorflow.lite.tools import flatbuffer_utils

from face_affect.core.detection_head import BOX, POINTS

# By the number of an output map's channels: the lowest value and the range, see
# ``face_affect.core.detection_head``. Values beyond saturate. Logits, a score of 0.018 to 0.982;
# offsets in strides and logarithms of sizes, up to e^2.5 strides (390 pixels at stride 32);
# landmarks in box sizes from the centre.
RANGES = {1: (-4.0, 8.0), BOX: (-1.5, 4.0), 2 * POINTS: (-1.0, 2.0)}


def focus_outputs(content: bytes) -> bytes:
    """Return the int8 network ``content`` with the outputs of a detector's cells in RANGES."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (graph,) = model.subgraphs
    for index in graph.outputs:
        tensor = graph.tensors[index]
        if len(tensor.shape) == 4 and tensor.shape[-1] in RANGES:
            lowest, span = RANGES[tensor.shape[-1]]
            scale = span / 256
            tensor.quantization.scale = np.array([scale], dtype=np.float32)
            tensor.quantization.zeroPoint = np.array([round(-128 - lowest / scale)], np.int64)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
