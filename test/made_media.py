# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write small videos and images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
import struct

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.stamps import SECOND
from face_affect.media.writer import VideoFile

Image = NDArray[np.uint8]


def grey(value: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def write_video(
    path: Path, images: Sequence[Image], times: Sequence[int] | None = None, codec: str = 'mpeg4'
) -> Path:
    """Write frames at ``times``, milliseconds; by default 25 per second."""
    times = times or [40 * i for i in range(len(images))]
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for image, time in zip(images, times):
            frame = av.VideoFrame.from_ndarray(image, 'bgr24')
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_clip(path: Path, images: Iterable[Image], rate: float = 15.0) -> Path:
    """Write frames at ``rate`` per second, as face-affect run does."""
    with VideoFile(path) as file:
        for index, image in enumerate(images):
            file.write(image, round(index * SECOND / rate))
    return path


def write_mjpeg(path: Path, images: Sequence[Image], broken: Sequence[int] = ()) -> Path:
    """Write an AVI of JPEGs; the content of the ``broken`` ones is zeros."""
    size = images[0].shape[1::-1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25, size)
    for image in images:
        writer.write(image)
    writer.release()
    data = bytearray(path.read_bytes())
    place = data.find(b'movi') + 4
    for number in range(len(images)):
        (size_of,) = struct.unpack_from('<I', data, place + 4)
        if number in broken:
            data[place + 8 : place + 8 + size_of] = bytes(size_of)
        place += 8 + size_of + size_of % 2
    path.write_bytes(data)
    return path


def encoded(suffix: str, image: Image) -> bytes:
    """Return an image encoded in the format of ``suffix``."""
    return cv2.imencode(suffix, image)[1].tobytes()
