# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Tables in Markdown, and the part of a page that a program writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

START, END = '<!-- measured: python -m training.card -->', '<!-- end of what is measured -->'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join(
        f'| {" | ".join(line)} |' if any(line) else '|' + ' |' * len(line) for line in lines
    )


def percent(value: float | None, digits: int = 1) -> str:
    """Return a part of one in percent with ``digits`` decimals; a dash for None."""
    return '-' if value is None else f'{value * 100:.{digits}f} %'


def interval(low: float | None, high: float | None) -> str:
    """Return an interval in percent."""
    return '-' if low is None or high is None else f'{low * 100:.1f} to {high * 100:.1f} %'


def with_measured(page: str, measured: str) -> str:
    """Return ``page`` with ``measured`` between the markers; the rest is left as it is.

    Raises:
        ValueError: it does not have each marker once.

    """
    if page.count(START) != 1 or page.count(END) != 1:
        raise ValueError(f'the page needs {START!r} and {END!r}, each once')
    before, rest = page.split(START)
    _, after = rest.split(END)
    return f'{before}{START}\n\n{measured}\n\n{END}{after}'
