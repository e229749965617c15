# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Numbers as text, and replacement of the generated part of a page."""

from __future__ import annotations

START, END = '<!-- measured: python -m training.card -->', '<!-- end of what is measured -->'


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction in percent with ``digits`` decimals; '-' for None."""
    return '-' if value is None else f'{value * 100:.{digits}f} %'


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of fractions in percent; '-' for None."""
    return '-' if low is None or high is None else f'{low * 100:.1f} to {high * 100:.1f} %'


def with_measured(page: str, measured: str) -> str:
    """Return ``page`` with ``measured`` between the markers; the rest is unchanged.

    Raises:
        ValueError: ``page`` does not have each marker exactly once.

    """
    if page.count(START) != 1 or page.count(END) != 1:
        raise ValueError(
            f'the page has {page.count(START)} and {page.count(END)} of the markers {START!r} and '
            f'{END!r}, but must have one of each; add them'
        )
    before, rest = page.split(START)
    _, after = rest.split(END)
    return f'{before}{START}\n\n{measured}\n\n{END}{after}'
