# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Markdown tables of measurements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a Markdown table whose columns are aligned to the right after the first ``texts``."""
    alignment = '|' + '---|' * texts + '---:|' * (len(head) - texts)
    return '\n'.join([_line(head), alignment, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'
