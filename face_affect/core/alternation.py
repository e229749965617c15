# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The order of searches of which only one is made per image, after the first one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar('T')


class Alternation:
    """Chooses all searches first, then by turns one for what is known and one of a round robin."""

    def __init__(self) -> None:
        """Start with all searches."""
        self._turn = 0
        self._last = 0

    def choose(self, searches: Sequence[T], known: Sequence[T]) -> Sequence[T]:
        """Return the searches of the next image: all, the first of ``known``, or the next one.

        ``known`` may be empty.
        """
        self._turn += 1
        if self._turn == 1:
            return searches
        if known and self._turn % 2:
            return known[:1]
        self._last = (self._last + 1) % len(searches)
        return searches[self._last : self._last + 1]
