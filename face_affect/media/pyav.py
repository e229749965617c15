# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""PyAV, loaded where a video is read or written: neither the node nor pictures need it."""

from __future__ import annotations

from typing import Any

from face_affect.extras import MissingExtraError


def load_pyav() -> Any:
    """Return the module av.

    Raises:
        MissingExtraError: PyAV is not installed.

    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("videos need PyAV: pip install 'av>=14'") from error
    return av
