# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measure the detector's recall by roll angle, on rotated images of the demo bag.

python -m benchmarks.roll
"""

from __future__ import annotations

from collections.abc import Iterator
import json
import math
from pathlib import Path
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores

from face_affect.core.detection import load_detector
from face_affect.core.faces import Box
from face_affect.core.images import decode_compressed
from face_affect.core.models import DETECTION, find_model
from face_affect.core.settings import ModelNames, Settings
from training.evaluation.rolled_scenes import rolled_image

DEMO = Path(__file__).parents[1] / 'demo'
ANGLES = (0, 10, 15, 20, 25, 30, 35, 40, 45, 60, 90, 180)
EVERY = 3  # every third frame is used
NEAR = 0.4  # maximum distance of a hit's centre from the true one in face sizes


def frames() -> Iterator[tuple[NDArray[np.uint8], list[Box]]]:
    """Yield images u8 [H, W, 3] BGR of the demo bag, and the boxes of complete faces."""
    truth = json.loads((DEMO / 'truth.json').read_text())
    with AnyReader([DEMO / 'bag'], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
        connections = [item for item in reader.connections if item.topic == truth['topic']]
        for (connection, _, data), frame in zip(reader.messages(connections), truth['frames']):
            message: Any = reader.deserialize(data, connection.msgtype)
            image = decode_compressed(message.data.tobytes())
            boxes = [Box(*face['box']) for face in frame['faces']]
            height, width = image.shape[:2]
            yield (
                image,
                [box for box in boxes if box.clipped(width, height).area > 0.99 * box.area],
            )


def main() -> int:
    """Print the recall at each angle; return 0."""
    detector = load_detector(find_model(ModelNames().detector, DETECTION))
    chosen = list(frames())[::EVERY]
    print('roll    found')
    for angle in ANGLES:
        hits = count = 0
        for image, boxes in chosen:
            turned, matrix = rolled_image(image, angle)
            found = detector(turned, Settings().detection_threshold)
            for box in boxes:
                x, y = matrix @ (*box.centre, 1)
                distances = (
                    math.hypot(one.box.centre[0] - x, one.box.centre[1] - y) for one in found
                )
                hits += min(distances, default=math.inf) < NEAR * math.sqrt(box.area)
                count += 1
        print(f'{angle:3} deg {hits / count:6.1%}  of {count}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
