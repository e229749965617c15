# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What the follower prints: a live table, or lines without a terminal, and a summary."""

from __future__ import annotations

from pathlib import Path
import time
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.session_statistics import Sighting, Tally
from face_affect.core.stamps import to_seconds

TABLE_PERIOD = 0.2  # seconds
LINE_PERIOD = 1.0  # seconds
ROWS = 8
BAR = 10  # characters


class Display(Protocol):
    """Shows a tally as it grows; a context manager."""

    def update(self, tally: Tally) -> None:
        """Show it, if it is time to."""

    def __enter__(self) -> Display:
        """Start to show."""

    def __exit__(self, *exception: object) -> None:
        """Leave what was shown last."""


def _count(tally: Tally) -> str:
    return f'{tally.results}/{tally.frames}' if tally.frames else str(tally.results)


class LiveTable:
    """A table that is redrawn in place."""

    def __init__(self) -> None:
        """Draw on standard output."""
        self._live = Live(console=Console(), auto_refresh=False)
        self._next = 0.0
        self._tally: Tally | None = None

    def update(self, tally: Tally) -> None:
        """Draw the table, if it is time to."""
        self._tally = tally
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TABLE_PERIOD
            self._live.update(_view(tally), refresh=True)

    def __enter__(self) -> LiveTable:
        """Start to draw."""
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the last state on the screen."""
        if self._tally is not None:
            self._live.update(_view(self._tally), refresh=True)
        self._live.stop()


def _view(tally: Tally) -> Group:
    table = Table(title=f'frame {_count(tally)}, {tally.elapsed:.1f} s', min_width=72)
    for name in ('id', 'emotion', 'confidence', 'gender', 'confidence', 'tracked', 'latency'):
        numeric = name in ('id', 'tracked', 'latency')
        table.add_column(name, justify='right' if numeric else 'left')
    present = set(tally.present)
    for number in list(tally.sightings)[-ROWS:]:
        here = number in present
        table.add_row(*_cells(number, tally, here), style='' if here else 'dim')
    return Group(table, *[Text(line) for line in _timing(tally)])


def _cells(number: int, tally: Tally, here: bool) -> tuple[str, ...]:
    sighting, latency = tally.sightings[number], tally.latencies.newest
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


def _timing(tally: Tally) -> list[str]:
    latency, processing = tally.latencies.summary, tally.processing_summary
    return [
        f'latency, image sent to result received: {latency or "-"}',
        f'of this in the node: {processing or "-"}',
    ]


class Lines:
    """A line a second."""

    def __init__(self) -> None:
        """Print on standard output."""
        self._next = 0.0

    def update(self, tally: Tally) -> None:
        """Print a line, if it is time to."""
        if tally.newest is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_PERIOD
        faces = [f'#{number} {_words(tally.sightings[number])}' for number in tally.present]
        latency = tally.latencies.summary
        print(
            f'{tally.elapsed:6.1f} s  frame {_count(tally)}  '
            f'latency {f"{latency.median:.1f} ms" if latency else "-"}  '
            f'{"; ".join(faces) or "nobody"}',
            flush=True,
        )

    def __enter__(self) -> Lines:
        """Nothing to start."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing to end."""


def _words(sighting: Sighting) -> str:
    face = sighting.face
    return (
        f'{sighting.emotion} {face.emotion.confidence:.0%}, '
        f'{sighting.gender} {face.gender.confidence:.0%}'
    )


def summary(tally: Tally, paths: tuple[Path, ...]) -> str:
    """Return what came out, in words."""
    lines = ['', _completeness(tally)]
    for number, sighting in tally.sightings.items():
        lines.append(
            f'  #{number:<3} {tally.since_start(sighting.first):6.1f} to '
            f'{tally.since_start(sighting.last):6.1f} s   at last {_words(sighting)}'
        )
    return '\n'.join([*lines, *_timing(tally), *[str(path) for path in paths if path.exists()]])


def _completeness(tally: Tally) -> str:
    sent = f'{tally.frames} frames sent, ' if tally.frames else ''
    text = f'{sent}{tally.results} results and {tally.pictures} annotated pictures received'
    missing = {'results': tally.frames - tally.results, 'pictures': tally.results - tally.pictures}
    reports = [f'{count} {what} missing' for what, count in missing.items() if count > 0]
    if reports:
        reports.append('not sent, or skipped by a busy node: --rate 0.5 gives it more time')
    return '; '.join([text, *reports])
