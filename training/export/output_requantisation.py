# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Requantisation of a detector's outputs with finer steps.

Calibration covers the range of all cells, most of which contain no face: their scores are very
low, their boxes and landmarks arbitrary. An int8 step is then a fifth of a logit, and at stride
16 a seventh of a box's size. The outputs of cells with a face have a narrow range. The
accumulators of a convolution do not depend on the scale of its output, so that a narrower range
can be set in the exported network.
"""

from __future__ import annotations

import numpy as np
from tensorflow.lite.tools import flatbuffer_utils

from face_affect.core.detection_head import BOX, POINTS

# Channels of an output map -> minimum and range; values beyond saturate. See
# ``face_affect.core.detection_head``: logits of scores from 0.018 to 0.982; offsets in strides and
# logarithms of sizes up to e^2.5 strides (390 pixels at stride 32); landmarks in box sizes.
RANGES = {1: (-4.0, 8.0), BOX: (-1.5, 4.0), 2 * POINTS: (-1.0, 2.0)}


def focus_outputs(content: bytes) -> bytes:
    """Return the int8 network ``content`` with the output ranges of RANGES."""
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
