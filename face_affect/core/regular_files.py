# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Reading of files with untrusted names."""

from __future__ import annotations

import os
from pathlib import Path
import stat


def read_regular_file(path: Path, limit: int = -1) -> bytes:
    """Return the content of a file, at most ``limit`` bytes; all of it if negative.

    Raises:
        OSError: it cannot be read, or is a folder, pipe or device.
        ValueError: the path contains a null character.

    """
    # O_NONBLOCK: opening a pipe would block until it has a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, 'rb') as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, 'not a regular file')
        return stream.read(limit)
