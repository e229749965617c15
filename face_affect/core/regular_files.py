# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Reading files whose names come from outside."""

from __future__ import annotations

import os
from pathlib import Path
import stat


def read_regular_file(path: Path, limit: int = -1) -> bytes:
    """Return the content of a file, up to ``limit`` bytes; the whole one if negative.

    Raises:
        OSError: it cannot be read, or is a folder, pipe or device.
        ValueError: a null character in the path.

    """
    # The name may be that of a pipe or a device: without O_NONBLOCK, opening a pipe
    # waits for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, 'rb') as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, 'not a regular file')
        return stream.read(limit)
