# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Drawing, and nothing else draws."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, Face, FrameResult, UNKNOWN

# BGR, told apart by brightness too.
COLOURS = {
    'angry': (60, 60, 230), 'disgust': (60, 160, 80), 'fear': (200, 80, 160),
    'happy': (60, 210, 250), 'sad': (220, 140, 60), 'surprise': (80, 160, 255),
    'neutral': (210, 210, 210), UNKNOWN: (150, 150, 150),
}
FONT = cv2.FONT_HERSHEY_SIMPLEX
DARK = (25, 25, 25)
BLUR_CELLS = 6  # to a side of what is left of a face


def annotate(
    image: NDArray[np.uint8], result: FrameResult, scale: float = 1.0
) -> NDArray[np.uint8]:
    """Return a BGR copy of ``image`` (BGR or gray) with every face's box, id and estimates.

    ``scale`` 0..1: the copy's size, as a part of the image's.
    """
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
        image = np.asarray(
            cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    unit = max(0.4, min(canvas.shape[:2]) / 900)
    for face in result.faces:
        _draw_face(canvas, face, unit, min(scale, 1.0))
    return canvas


def _caption(face: Face) -> list[str]:
    # The last digits tell faces apart that are seen together.
    lines = [f'#{face.id % 10_000}']
    for estimate in (face.emotion, face.gender):
        if estimate:
            lines.append(f'{estimate.label} {estimate.confidence:.0%}')
    return lines


def _draw_face(canvas: NDArray[np.uint8], face: Face, unit: float, scale: float) -> None:
    label = face.emotion.label if face.emotion else UNKNOWN
    colour = COLOURS.get(label, COLOURS[UNKNOWN])
    box = face.detection.box
    left, top = round(box.x * scale), round(box.y * scale)
    right, bottom = round((box.x + box.width) * scale), round((box.y + box.height) * scale)
    thick = max(2, round(3 * unit))
    cv2.rectangle(canvas, (left, top), (right, bottom), DARK, thick + 2)
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, thick)
    lines = _caption(face)
    stroke = max(1, round(1.5 * unit))
    sizes = [cv2.getTextSize(line, FONT, unit, stroke)[0] for line in lines]
    pad = round(4 * unit) + 2
    line_height = max(size[1] for size in sizes) + pad
    width, height = max(size[0] for size in sizes) + 2 * pad, line_height * len(lines) + pad
    x = min(max(left, 0), max(canvas.shape[1] - width, 0))
    y = top - height if top >= height else min(bottom, canvas.shape[0] - height)
    cv2.rectangle(canvas, (x, y), (x + width, y + height), colour, cv2.FILLED)
    for i, line in enumerate(lines):
        cv2.putText(canvas, line, (x + pad, y + line_height * (i + 1)), FONT, unit, DARK,
                    stroke, cv2.LINE_AA)


def blur_faces(image: NDArray[np.uint8], result: FrameResult) -> NDArray[np.uint8]:
    """Return a copy of ``image`` (BGR or gray) in which nobody recognises the faces found.

    What the detector did not find stays as it is.
    """
    canvas = image.copy()
    height, width = image.shape[:2]
    for face in result.faces:
        box = face.detection.box
        # Hair and chin as well
        x, y, w, h = Box(box.x - 0.2 * box.width, box.y - 0.35 * box.height,
                         1.4 * box.width, 1.6 * box.height).region(width, height)
        if w > 0 and h > 0:
            cells = cv2.resize(canvas[y:y + h, x:x + w], (BLUR_CELLS, BLUR_CELLS),
                               interpolation=cv2.INTER_AREA)
            canvas[y:y + h, x:x + w] = cv2.resize(cells, (w, h), interpolation=cv2.INTER_LINEAR)
    return canvas


def contact_sheet(
    images: list[NDArray[np.uint8]], columns: int = 4, width: int = 320
) -> NDArray[np.uint8]:
    """Return the pictures (u8 BGR, of any sizes) side by side, each ``width`` pixels wide."""
    height = round(width * images[0].shape[0] / images[0].shape[1])
    cells = [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
             for image in images]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[i:i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)
