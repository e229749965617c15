# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Import of PyAV on demand: only videos need it."""

from __future__ import annotations

from typing import Any

from face_affect.extras import MissingExtraError


def load_pyav() -> Any:
    """Return the module ``av``.

    Raises:
        MissingExtraError: PyAV is not installed.

    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(
            "cannot import PyAV, which videos need: pip install 'av>=14'"
        ) from error
    return av
