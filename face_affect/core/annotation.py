# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Annotation of images with faces, saliency and model comparisons; blurring of faces."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.faces import Box, Face, FrameResult, UNKNOWN
from face_affect.core.model_comparison import ModelAnswer
from face_affect.core.saliency import Explanation
from face_affect.core.tasks import TASKS

# BGR; they differ in brightness too, for colour-blind readers and gray prints.
COLOURS = {
    'angry': (60, 60, 230),
    'disgust': (60, 160, 80),
    'fear': (200, 80, 160),
    'happy': (60, 210, 250),
    'sad': (220, 140, 60),
    'surprise': (80, 160, 255),
    'neutral': (210, 210, 210),
    UNKNOWN: (150, 150, 150),
}
FONT = cv2.FONT_HERSHEY_SIMPLEX
DARK = (25, 25, 25)
WHITE = (255, 255, 255)
SHEET_TILE, SHEET_LINE, SHEET_GAP = 144, 24, 8  # pixels, in comparison sheets
LEAST_TILE = 96  # pixels; a smaller saliency image is illegible
BLUR_CELLS = 6  # per side of a whole head, hair and chin included


def annotate(
    image: NDArray[np.uint8], result: FrameResult, scale: float = 1.0
) -> NDArray[np.uint8]:
    """Return an annotated BGR copy of ``image`` with the box, id and estimates of each face.

    Args:
        image: u8 [H, W, 3] BGR or [H, W] gray, in the size of ``result`` or resized.
        result: the faces in it.
        scale: size of the copy relative to ``image``, 0..1.

    """
    canvas, unit = _canvas(image, scale)
    for face in result.faces_at(canvas.shape[1]):
        _draw_face(canvas, face, unit)
    return canvas


def annotate_saliency(
    image: NDArray[np.uint8], explanations: Sequence[Explanation], scale: float = 1.0
) -> NDArray[np.uint8]:
    """Return a BGR copy of ``image`` with the saliency of each face drawn over the face.

    Args:
        image: u8 [H, W, 3] BGR or [H, W] gray.
        explanations: of the faces in it.
        scale: size of the copy relative to ``image``, 0..1.

    """
    canvas, unit = _canvas(image, scale)
    height, width = canvas.shape[:2]
    for explanation in explanations:
        square = explanation.square
        side = min(max(round(square.width * min(scale, 1.0)), LEAST_TILE), width, height)
        x, y = (round(middle * min(scale, 1.0) - side / 2) for middle in square.centre)
        left, top = min(max(x, 0), width - side), min(max(y, 0), height - side)
        canvas[top : top + side, left : left + side] = saliency_tile(explanation.gradient, side)
        lines = [
            f'#{explanation.face.id % 10_000}',
            f'{explanation.label} {explanation.probability:.0%}',
        ]
        _draw_box(
            canvas,
            (left, top, left + side, top + side),
            lines,
            COLOURS.get(explanation.label, COLOURS[UNKNOWN]),
            unit,
        )
    return canvas


def saliency_tile(gradient: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Return ``gradient`` f32 [S, S] as u8 [side, side, 3]; gray is 0, brighter is positive.

    Contrast saturates at the 99th percentile of the magnitude.
    """
    limit = max(float(np.quantile(np.abs(gradient), 0.99)), 1e-12)
    gray = 128 + 127 * np.clip(gradient / limit, -1, 1)
    tile = cv2.resize(gray.astype(np.uint8), (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(tile, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _canvas(image: NDArray[np.uint8], scale: float) -> tuple[NDArray[np.uint8], float]:
    """Return a BGR copy of that relative size, and its font scale."""
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
    return np.asarray(canvas, dtype=np.uint8), max(0.4, min(canvas.shape[:2]) / 900)


def _caption(face: Face) -> list[str]:
    # The last four digits suffice to distinguish faces that are visible together.
    lines = [f'#{face.id % 10_000}']
    for task in TASKS:
        if task.name in face.estimates:
            estimate = face.estimates[task.name]
            lines.append(f'{estimate.label} {estimate.confidence:.0%}')
    return lines


def _draw_face(canvas: NDArray[np.uint8], face: Face, unit: float) -> None:
    label = face.emotion.label if face.emotion else UNKNOWN
    colour = COLOURS.get(label, COLOURS[UNKNOWN])
    box = face.detection.box
    left, top = round(box.x), round(box.y)
    right, bottom = round(box.x + box.width), round(box.y + box.height)
    _draw_box(canvas, (left, top, right, bottom), _caption(face), colour, unit)


def _draw_box(
    canvas: NDArray[np.uint8],
    corners: tuple[int, int, int, int],
    lines: list[str],
    colour: tuple[int, int, int],
    unit: float,
) -> None:
    left, top, right, bottom = corners
    thick = max(2, round(3 * unit))
    cv2.rectangle(canvas, (left, top), (right, bottom), DARK, thick + 2)
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, thick)
    stroke = max(1, round(1.5 * unit))
    sizes = [cv2.getTextSize(line, FONT, unit, stroke)[0] for line in lines]
    pad = round(4 * unit) + 2
    line_height = max(size[1] for size in sizes) + pad
    width, height = max(size[0] for size in sizes) + 2 * pad, line_height * len(lines) + pad
    x = min(max(left, 0), max(canvas.shape[1] - width, 0))
    y = top - height if top >= height else min(bottom, canvas.shape[0] - height)
    cv2.rectangle(canvas, (x, y), (x + width, y + height), colour, cv2.FILLED)
    for i, line in enumerate(lines):
        cv2.putText(
            canvas,
            line,
            (x + pad, y + line_height * (i + 1)),
            FONT,
            unit,
            DARK,
            stroke,
            cv2.LINE_AA,
        )


def blur_faces(image: NDArray[np.uint8], result: FrameResult) -> NDArray[np.uint8]:
    """Return a copy of ``image`` in which all detected faces are blurred.

    Faces that the detector missed are not blurred.

    Args:
        image: u8 [H, W, 3] BGR or [H, W] gray, in the size of ``result`` or resized.
        result: the faces in it.

    """
    canvas = image.copy()
    height, width = image.shape[:2]
    for face in result.faces_at(width):
        box = face.detection.box
        # Enlarged on all sides: hair and chin may be on any side of a rotated camera's face.
        head = Box(
            box.x - 0.35 * box.width, box.y - 0.35 * box.height, 1.7 * box.width, 1.7 * box.height
        )
        x, y, w, h = head.region(width, height)
        if w > 0 and h > 0:
            # Cells of the same size where the image border cuts the head
            shape = (
                max(1, round(BLUR_CELLS * w / head.width)),
                max(1, round(BLUR_CELLS * h / head.height)),
            )
            cells = cv2.resize(canvas[y : y + h, x : x + w], shape, interpolation=cv2.INTER_AREA)
            canvas[y : y + h, x : x + w] = cv2.resize(
                cells, (w, h), interpolation=cv2.INTER_LINEAR
            )
    return canvas


def contact_sheet(
    images: list[NDArray[np.uint8]], columns: int = 4, width: int = 320
) -> NDArray[np.uint8]:
    """Return a grid of ``columns`` of the images, u8 [H, W, 3] BGR, as one BGR image.

    Each is resized to ``width`` pixels and to the aspect ratio of the first; there must be one.
    """
    height = round(width * images[0].shape[0] / images[0].shape[1])
    cells = [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in images]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)


def comparison_sheet(faces: Sequence[Sequence[ModelAnswer]]) -> NDArray[np.uint8]:
    """Return an image u8 [H, W, 3] BGR with one row for each face and network.

    A row shows the input crop, then the guided gradient and probability of each label; the most
    probable label has a frame.
    """
    rows = [
        _answer_row(answer, number)
        for number, answers in enumerate(faces, 1)
        for answer in answers
    ]
    width = max(row.shape[1] for row in rows)
    return np.vstack(
        [
            cv2.copyMakeBorder(
                row, 0, 0, 0, width - row.shape[1], cv2.BORDER_CONSTANT, value=WHITE
            )
            for row in rows
        ]
    )


def _answer_row(answer: ModelAnswer, number: int) -> NDArray[np.uint8]:
    crop = cv2.resize(answer.crop, (SHEET_TILE, SHEET_TILE), interpolation=cv2.INTER_LINEAR)
    cells = [_cell(cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR), f'face {number}')]
    best = int(answer.probabilities.argmax())
    for i, label in enumerate(answer.labels):
        tile = saliency_tile(answer.gradients[i], SHEET_TILE)
        if i == best:
            cv2.rectangle(
                tile, (0, 0), (SHEET_TILE - 1, SHEET_TILE - 1), COLOURS.get(label, DARK), 5
            )
        cells.append(_cell(tile, f'{label} {answer.probabilities[i]:.0%}'))
    row = np.hstack(cells)
    title = np.full((SHEET_LINE, row.shape[1], 3), 255, np.uint8)
    _write(title, answer.model, (SHEET_GAP, SHEET_LINE - 7))
    return np.vstack([title, row])


def _cell(tile: NDArray[np.uint8], caption: str) -> NDArray[np.uint8]:
    cell = np.full((SHEET_TILE + SHEET_LINE + SHEET_GAP, SHEET_TILE + SHEET_GAP, 3), 255, np.uint8)
    cell[:SHEET_TILE, SHEET_GAP:] = tile
    _write(cell, caption, (SHEET_GAP, SHEET_TILE + SHEET_LINE - 7))
    return cell


def _write(canvas: NDArray[np.uint8], text: str, origin: tuple[int, int]) -> None:
    cv2.putText(canvas, text, origin, FONT, 0.5, DARK, 1, cv2.LINE_AA)
