# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Finer steps for a detector's scores.

Most cells of a picture are so surely no face that the range of logits that calibration
finds is wide, and an int8 step a fifth of a logit: faces then share scores with what is
none. The range that decisions are made in is narrow. A convolution's sums do not depend on
the scale of its output, so that a narrower one may be written into the finished network.
"""

from __future__ import annotations

import numpy as np
from tensorflow.lite.tools import flatbuffer_utils

# Logits, from a score of 0.018 to one of 0.982: what is beyond becomes that.
LIMIT = 4.0


def focus_scores(content: bytes) -> bytes:
    """Return the int8 network ``content`` with outputs of one channel (scores) in -4..4."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (graph,) = model.subgraphs
    for index in graph.outputs:
        tensor = graph.tensors[index]
        if tensor.shape[-1] == 1:
            tensor.quantization.scale = np.array([2 * LIMIT / 256], dtype=np.float32)
            tensor.quantization.zeroPoint = np.array([0], dtype=np.int64)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
