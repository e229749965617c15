# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write docs/images/debug_image.webp, the animated debug image of the README, from the demo bag.

Needs Pillow. Run it in the source folder: `python -m scripts.make_animation`.
"""

from __future__ import annotations

from itertools import islice
import sys

import cv2
from PIL import Image

from face_affect.core.annotation import annotate
from face_affect.core.pipeline import Pipeline
from scripts.make_screenshots import demo_frames, IMAGES, RATE

PICTURE = IMAGES / 'debug_image.webp'
START, STOP, STEP = 30, 230, 2  # frames of the bag
SIZE = 480, 360
QUALITY = 55  # of the WebP, 0 to 100


def main() -> int:
    """Write the animation."""
    pipeline = Pipeline()
    pictures = []
    for index, frame in enumerate(islice(demo_frames(), STOP)):
        image = annotate(frame, pipeline.process(frame, index / RATE))
        if index >= START and (index - START) % STEP == 0:
            small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
            pictures.append(Image.fromarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB)))
    pictures[0].save(
        PICTURE,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 * STEP / RATE),
        loop=0,
        quality=QUALITY,
        method=6,
    )
    print(f'{PICTURE.name}: {len(pictures)} frames, {PICTURE.stat().st_size} bytes')
    return 0


if __name__ == '__main__':
    sys.exit(main())
