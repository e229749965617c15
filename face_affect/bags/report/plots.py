# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Plot results interactively, as HTML (Plotly)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
import plotly.graph_objects as go
import plotly.offline

from face_affect.bags.analysis.timeline import FaceTimeline
from face_affect.core.annotation import COLOURS
from face_affect.core.faces import EMOTIONS

ROW = 46  # height of the timeline per face, pixels
MARGIN = {'l': 48, 'r': 8, 't': 28, 'b': 8}
LEGEND = {'orientation': 'h', 'yanchor': 'bottom', 'yref': 'container', 'y': 0.0, 'x': 0}
# No uploads: Plotly's button that sends a plot to a server has no address and is hidden.
CONFIG = {
    'responsive': True,
    'displaylogo': False,
    'plotlyServerURL': '',
    'showSendToCloud': False,
    'modeBarButtonsToRemove': ['select2d', 'lasso2d', 'toImage', 'sendChartToCloud'],
}
LINES = ('#1b6ca8', '#c8553d', '#3a7d44', '#8e5aa8', '#a67c00', '#4a4e69', '#d1495b', '#00798c')


def library() -> Markup:
    """Return Plotly's JavaScript, which the plots need."""
    return Markup(plotly.offline.get_plotlyjs())  # nosec B704: a package's own file


def _rgb(label: str, alpha: float = 1.0) -> str:
    blue, green, red = COLOURS[label]
    return f'rgba({red},{green},{blue},{alpha})'


def _html(figure: Any, name: str, height: int, x_title: str, hover: str) -> Markup:
    # No drag mode: on a phone it would prevent the page from scrolling.
    figure.update_layout(
        height=height,
        margin=MARGIN,
        legend=LEGEND,
        showlegend=True,
        template='plotly_white',
        autosize=True,
        hovermode=hover,
        dragmode=False,
        font={'size': 13},
    )
    figure.update_xaxes(title=x_title, title_standoff=4)
    figure.update_yaxes(fixedrange=True)
    html = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=CONFIG)
    return Markup(html)  # nosec B704: numbers, ids and labels, none of them from outside


def timeline(persons: Sequence[FaceTimeline], gap: float, end: float) -> Markup:
    """Return a Gantt chart of the faces' presence, coloured by emotion.

    ``gap``: seconds without a detection that separate two presences; ``end``: of the time axis,
    seconds.
    """
    bars: dict[str, list[tuple[str, float, float]]] = {}
    for person in persons:
        for start, stop, label in person.moods(gap):
            bars.setdefault(label, []).append((f'#{person.id}', start, stop))
    figure = go.Figure()
    for label in (label for label in COLOURS if label in bars):
        names, starts, stops = zip(*bars[label])
        figure.add_bar(
            y=names,
            x=[round(stop - start, 3) for start, stop in zip(starts, stops)],
            base=[round(start, 3) for start in starts],
            orientation='h',
            name=label,
            width=0.6,
            marker={'color': _rgb(label), 'line': {'width': 0}},
            customdata=[round(stop, 1) for stop in stops],
            hovertemplate=f'%{{y}} {label}: %{{base:.1f}} to %{{customdata}} s<extra></extra>',
        )
    figure.update_yaxes(
        type='category',
        categoryorder='array',
        categoryarray=[f'#{person.id}' for person in reversed(persons)],
    )
    figure.update_layout(barmode='overlay', xaxis_range=[0, end])
    return _html(figure, 'timeline', ROW * len(persons) + 120, 'seconds', 'closest')


def _with_gaps(
    person: FaceTimeline, gap: float, values: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Return times and values that fall to zero where the face is absent."""
    times: list[float] = []
    heights: list[float] = []
    for spell in person.spells(gap):
        times += [person.times[spell.start], *person.times[spell], person.times[spell.stop - 1]]
        heights += [0.0, *values[spell], 0.0]
    return [round(each, 3) for each in times], [round(each, 3) for each in heights]


def emotions(person: FaceTimeline, gap: float, end: float) -> Markup:
    """Return the emotion probabilities of a face over time, as stacked areas."""
    figure = go.Figure()
    person = person.thinned()
    for i, label in enumerate(EMOTIONS):
        values = [face.emotion.probabilities[i] if face.emotion else 0.0 for face in person.faces]
        times, heights = _with_gaps(person, gap, values)
        figure.add_scatter(
            x=times,
            y=heights,
            name=label,
            stackgroup='all',
            mode='lines',
            line={'width': 0.5, 'color': _rgb(label)},
            fillcolor=_rgb(label, 0.9),
            hovertemplate='%{y:.0%}',
        )
    figure.update_layout(xaxis_range=[0, end], yaxis={'range': [0, 1], 'tickformat': '.0%'})
    return _html(figure, f'emotions{person.id}', 320, 'seconds', 'x unified')


def gender(persons: Sequence[FaceTimeline], gap: float, end: float) -> Markup:
    """Return the probability of 'female' of each face over time."""
    figure = go.Figure()
    for number, person in enumerate(each.thinned() for each in persons):
        times: list[float | None] = []
        values: list[float | None] = []
        for spell in person.spells(gap):
            times += [*(round(each, 3) for each in person.times[spell]), None]
            values += [
                *(
                    round(face.gender.probabilities[0], 3) if face.gender else None
                    for face in person.faces[spell]
                ),
                None,
            ]
        figure.add_scatter(
            x=times,
            y=values,
            name=f'#{person.id}',
            mode='lines',
            line={'color': LINES[number % len(LINES)]},
            hovertemplate='%{y:.0%}',
        )
    figure.add_hline(y=0.5, line={'dash': 'dot', 'color': '#888'})
    figure.update_yaxes(
        range=[-0.02, 1.02], tickvals=[0, 0.5, 1], ticktext=['male', '50 %', 'female']
    )
    figure.update_layout(xaxis_range=[0, end])
    return _html(figure, 'gender', 320, 'seconds', 'x unified')


def histogram(milliseconds: Sequence[float], name: str) -> Markup:
    """Return a histogram of durations; ``name`` is the id of its HTML element."""
    figure = go.Figure()
    figure.add_histogram(
        x=[round(each, 2) for each in milliseconds],
        nbinsx=60,
        marker={'color': LINES[0]},
        name='images',
    )
    figure.update_layout(bargap=0.05)
    return _html(figure, name, 260, 'milliseconds', 'closest')
