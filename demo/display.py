# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Output of the follower: a live table, or lines without a terminal, and a summary."""

from __future__ import annotations

from pathlib import Path
import time
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.session_statistics import SessionStatistics, Sighting
from face_affect.core.stamps import to_seconds

TABLE_PERIOD = 0.2  # seconds
LINE_PERIOD = 1.0  # seconds
ROWS = 8
BAR = 10  # characters


class Display(Protocol):
    """A context manager that shows a running session."""

    def update(self, session: SessionStatistics) -> None:
        """Show ``session``, at most once per period."""

    def __enter__(self) -> Display:
        """Start the display."""

    def __exit__(self, *exception: object) -> None:
        """Show the final state."""


def _count(session: SessionStatistics) -> str:
    return f'{session.results}/{session.frames}' if session.frames else str(session.results)


class LiveTable:
    """A table that is redrawn in place."""

    def __init__(self) -> None:
        """Draw to standard output."""
        self._live = Live(console=Console(), auto_refresh=False)
        self._next = 0.0
        self._session: SessionStatistics | None = None

    def update(self, session: SessionStatistics) -> None:
        """Draw the table, at most once per TABLE_PERIOD."""
        self._session = session
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TABLE_PERIOD
            self._live.update(_view(session), refresh=True)

    def __enter__(self) -> LiveTable:
        """Start the live display."""
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Draw the final state, which stays on the screen."""
        if self._session is not None:
            self._live.update(_view(self._session), refresh=True)
        self._live.stop()


def _view(session: SessionStatistics) -> Group:
    table = Table(title=f'frame {_count(session)}, {session.elapsed:.1f} s', min_width=72)
    for name in ('id', 'emotion', 'confidence', 'gender', 'confidence', 'tracked', 'latency'):
        numeric = name in ('id', 'tracked', 'latency')
        table.add_column(name, justify='right' if numeric else 'left')
    present = set(session.present)
    for number in list(session.sightings)[-ROWS:]:
        here = number in present
        table.add_row(*_cells(number, session, here), style='' if here else 'dim')
    return Group(table, *[Text(line) for line in _timing(session)])


def _cells(number: int, session: SessionStatistics, here: bool) -> tuple[str, ...]:
    sighting, latency = session.sightings[number], session.latencies.newest
    face = sighting.face
    tracked = to_seconds(face.tracked_for)
    return (
        f'#{number}',
        sighting.emotion,
        _bar(face.emotion.confidence),
        sighting.gender,
        _bar(face.gender.confidence),
        f'{tracked:.1f} s',
        f'{latency * 1e3:.0f} ms' if here and latency else '-',
    )


def _bar(confidence: float) -> str:
    filled = round(confidence * BAR)
    return '━' * filled + ' ' * (BAR - filled) + f' {confidence:4.0%}'


def _timing(session: SessionStatistics) -> list[str]:
    latency, processing = session.latencies.summary, session.processing_summary
    return [
        f'latency, image sent to result received: {latency or "-"}',
        f'of this in the node: {processing or "-"}',
    ]


class Lines:
    """A display of one line per second."""

    def __init__(self) -> None:
        """Print to standard output."""
        self._next = 0.0

    def update(self, session: SessionStatistics) -> None:
        """Print a line, at most once per LINE_PERIOD."""
        if session.newest is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_PERIOD
        faces = [f'#{number} {_words(session.sightings[number])}' for number in session.present]
        latency = session.latencies.summary
        print(
            f'{session.elapsed:6.1f} s  frame {_count(session)}  '
            f'latency {f"{latency.median:.1f} ms" if latency else "-"}  '
            f'{"; ".join(faces) or "nobody"}',
            flush=True,
        )

    def __enter__(self) -> Lines:
        """Return the display."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Do nothing."""


def _words(sighting: Sighting) -> str:
    face = sighting.face
    return (
        f'{sighting.emotion} {face.emotion.confidence:.0%}, '
        f'{sighting.gender} {face.gender.confidence:.0%}'
    )


def summary(session: SessionStatistics, paths: tuple[Path, ...]) -> str:
    """Return the summary of a session, with those of ``paths`` that exist."""
    lines = ['', _completeness(session)]
    for number, sighting in session.sightings.items():
        lines.append(
            f'  #{number:<3} {session.since_start(sighting.first):6.1f} to '
            f'{session.since_start(sighting.last):6.1f} s   last: {_words(sighting)}'
        )
    return '\n'.join([*lines, *_timing(session), *[str(path) for path in paths if path.exists()]])


def _completeness(session: SessionStatistics) -> str:
    sent = f'{session.frames} frames sent, ' if session.frames else ''
    text = f'{sent}{session.results} results and {session.pictures} annotated images received'
    missing = {
        'results': session.frames - session.results,
        'annotated images': session.results - session.pictures,
    }
    reports = [f'{count} {what} missing' for what, count in missing.items() if count > 0]
    if reports:
        reports.append('not sent, or skipped by a busy node; a lower --rate avoids it')
    return '; '.join([text, *reports])
