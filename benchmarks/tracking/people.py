# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Cut-outs of real people, from frames of the demo bag or from other scenes."""

from __future__ import annotations

from dataclasses import dataclass
import functools
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores

from demo.make_bag import COUNTER_TOP, PEOPLE
from face_affect.core.images import decode_compressed
from training.data.scenes import SceneSet

DEMO = Path(__file__).parents[2] / 'demo'
# Frame of the demo bag in which each of PEOPLE is large and alone
FRAMES = (98, 119, 171, 182)
EMPTY = 0  # frame without people
LARGE = 60  # minimum face width of a cut-out in pixels
CAST = 4  # maximum number of people in a scene
BOTTOM = COUNTER_TOP - 4


@dataclass(frozen=True)
class Cutout:
    """A person cut out of an image.

    ``layers`` f32 [H, W, 4]: BGR, premultiplied by alpha, and alpha 0..1; ``face`` x, y, width,
    height in pixels of the layers, from forehead to chin and cheek to cheek.
    """

    layers: NDArray[np.float32]
    face: tuple[float, float, float, float]

    @functools.cached_property
    def mask(self) -> NDArray[np.uint8]:
        """The person's silhouette, 0 or 1, u8 [H, W]."""
        return (self.layers[..., 3] > 0.5).astype(np.uint8)

    @property
    def aspect(self) -> float:
        """Height over width of the face."""
        return self.face[3] / self.face[2]


@functools.cache
def room() -> NDArray[np.uint8]:
    """Return the demo bag's empty room, u8 [480, 640, 3] BGR."""
    return decode_compressed(_jpegs()[EMPTY])


@functools.cache
def demo_people() -> tuple[Cutout, ...]:
    """Return the people of the demo bag."""
    truth = json.loads((DEMO / 'truth.json').read_text())
    people = []
    for person, frame in enumerate(FRAMES):
        (box,) = (
            face['box'] for face in truth['frames'][frame]['faces'] if face['person'] == person
        )
        people.append(_cut_out(decode_compressed(_jpegs()[frame]), person, box))
    return tuple(people)


def people_of(scenes: SceneSet) -> tuple[Cutout, ...]:
    """Return the heads of all people whose face is at least LARGE, cut out as ellipses."""
    heads = []
    for scene in scenes.scenes:
        image = scene.image
        for x, y, width, height in scene.boxes[~scene.ignore]:
            left, right = round(x - 0.25 * width), round(x + 1.25 * width)
            top, bottom = round(y - 0.3 * height), round(y + 1.15 * height)
            if (
                width < LARGE
                or min(left, top) < 0
                or right > image.shape[1]
                or bottom > image.shape[0]
            ):
                continue
            part = image[top:bottom, left:right].astype(np.float32)
            alpha = np.zeros(part.shape[:2], dtype=np.float32)
            axes = (part.shape[1] // 2 - 2, part.shape[0] // 2 - 2)
            cv2.ellipse(alpha, (part.shape[1] // 2, part.shape[0] // 2), axes, 0, 0, 360, 1, -1)
            alpha = cv2.GaussianBlur(alpha, (5, 5), 0)
            heads.append(
                Cutout(
                    np.dstack([part * alpha[..., None], alpha]), (x - left, y - top, width, height)
                )
            )
    return tuple(heads)


@functools.cache
def _jpegs() -> list[bytes]:
    topic = json.loads((DEMO / 'truth.json').read_text())['topic']
    with AnyReader([DEMO / 'bag'], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
        connections = [item for item in reader.connections if item.topic == topic]
        messages: list[Any] = [
            reader.deserialize(data, connection.msgtype)
            for connection, _, data in reader.messages(connections)
        ]
    return [message.data.tobytes() for message in messages]


def _cut_out(image: NDArray[np.uint8], person: int, box: list[float]) -> Cutout:
    """Return the cut-out of ``person`` with the face ``box`` in ``image``.

    The counter occludes the body below the chest, whose last row is replicated to the bottom.
    """
    portrait = PEOPLE[person]
    scale = box[2] / portrait.face[2]
    outline = (np.array(portrait.outline) - portrait.face[:2]) * scale + box[:2]
    mask = np.zeros(image.shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    # Eroded by one pixel, to exclude the background.
    mask = cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3), np.uint8)), (3, 3), 0)
    columns = np.flatnonzero(mask[:BOTTOM].any(axis=0))
    top, left = int(np.flatnonzero(mask.any(axis=1))[0]), int(columns[0])
    part = np.s_[top:BOTTOM, left : int(columns[-1]) + 1]
    alpha = (mask[part] / 255).astype(np.float32)
    layers = np.dstack([image[part] * alpha[..., None], alpha])
    layers = cv2.copyMakeBorder(layers, 0, round(2 * box[3]), 0, 0, cv2.BORDER_REPLICATE)
    return Cutout(layers.astype(np.float32), (box[0] - left, box[1] - top, box[2], box[3]))
