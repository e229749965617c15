# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Optional dependencies: pip's extras."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(Exception):
    """An optional package is not installed; the message says how to install it."""


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Convert an ImportError in the block to an error that names the extra of ``what``.

    Raises:
        MissingExtraError: a package cannot be imported.

    """
    try:
        yield
    except ImportError as error:
        package = (error.name or '').partition('.')[0]
        raise MissingExtraError(
            f"{what} needs {package}: pip install {package}, or in face_affect's folder "
            f"pip install '.[{extra}]'"
        ) from error
