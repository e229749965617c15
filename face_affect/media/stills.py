# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Image files as a stream of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from face_affect.core.image_header import image_format
from face_affect.core.images import decode_picture, FILE_FORMATS, ImageError
from face_affect.core.pictures import Picture
from face_affect.core.regular_files import read_regular_file
from face_affect.core.stamps import SECOND
from face_affect.media.errors import MediaError
from face_affect.media.video import Video


@dataclass(frozen=True)
class Stills:
    """Independent image files; their stamps are one second apart."""

    files: tuple[Path, ...]
    moving = False
    live = False
    rate = 1.0

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.files)

    def __iter__(self) -> Iterator[Picture]:
        """Yield the files in order, decoded on demand."""
        for index, path in enumerate(self.files):
            stamp = index * SECOND
            yield Picture(stamp, stamp, partial(read_picture, path), name=path.name)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read an image file, of an animation the first frame, as u8 [H, W, 3] BGR.

    Raises:
        ImageError: it cannot be read ('unreadable') or decoded ('undecodable', 'bad_size').

    """
    try:
        content = read_regular_file(path)
        if content and image_format(content) not in FILE_FORMATS:
            with suppress(MediaError):
                return next(iter(Video(path))).decode()
        return decode_picture(content)
    except OSError as error:
        raise ImageError('unreadable', f'cannot read image {path}: {error.strerror}') from error
    except ImageError as error:
        raise ImageError(error.reason, f'image {path}: {error}') from error
