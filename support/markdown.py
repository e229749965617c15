# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int | None = None) -> str:
    """Return a Markdown table; columns of ``rows`` are those of ``head``.

    Columns after the first ``texts`` are aligned to the right; by default none is.
    """
    left = len(head) if texts is None else texts
    alignment = '|' + '---|' * left + '---:|' * (len(head) - left)
    return '\n'.join([_line(head), alignment, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return '|' + ''.join(f' {cell} |' if cell else ' |' for cell in cells)
