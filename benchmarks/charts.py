# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The charts of `make bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes

from face_affect.core.tasks import TASKS

Row = dict[str, Any]
# The stages from message to message, in order
SHOWN = (
    'decode raw',
    'detect',
    'track',
    'crop',
    *(task.name for task in TASKS),
    'smooth',
    'message',
    'serialise',
)


def draw(results: dict[str, list[Row]], path: Path) -> None:
    """Plot the results into one PNG with panels for stages, peers, curves and ROS."""
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    panels = {'core': _stages, 'peers': _peers, 'curves': _curves, 'ros': _latencies}
    wanted = [name for name in panels if results.get(name)]
    if not wanted:
        return
    figure, axes = plt.subplots(
        len(wanted), 1, squeeze=False, figsize=(9, 3.6 * len(wanted)), layout='constrained'
    )
    for name, panel in zip(wanted, axes[:, 0]):
        panels[name](panel, results[name])
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _stages(panel: Axes, rows: list[Row]) -> None:
    scenes = list(dict.fromkeys(row['scene'] for row in rows))[::-1]
    left = dict.fromkeys(scenes, 0.0)
    for stage in SHOWN:
        values = {row['scene']: row['median_ms'] for row in rows if row['stage'] == stage}
        panel.barh(
            scenes,
            [values.get(scene, 0.0) for scene in scenes],
            left=[left[scene] for scene in scenes],
            label=stage,
        )
        left = {scene: left[scene] + values.get(scene, 0.0) for scene in scenes}
    panel.set(xlabel='milliseconds per frame, one core', title='Time by stage')
    panel.legend(fontsize=8, loc='upper left', bbox_to_anchor=(1.0, 1.0))


def _peers(panel: Axes, rows: list[Row]) -> None:
    labels = [f'{row["peer"]}\n{row["scene"]}' for row in rows][::-1]
    ratios = [row['ratio'] for row in rows][::-1]
    bars = panel.barh(labels, ratios)
    panel.bar_label(bars, [f'{ratio:.0f} x' for ratio in ratios], padding=3)
    panel.set(
        xscale='log',
        xlabel='time relative to face_affect, same run, one core',
        title='Peers',
        xlim=(min(1, 0.8 * min(ratios)), 1.5 * max(ratios)),
    )
    panel.tick_params(labelsize=8)


def _curves(panel: Axes, rows: list[Row]) -> None:
    by_faces = [row for row in rows if row['width'] == 640]
    by_faces = by_faces[: len({row['faces'] for row in by_faces})]
    panel.plot(
        [row['faces'] for row in by_faces],
        [row['median_ms'] for row in by_faces],
        'o-',
        label='640x480',
    )
    panel.set(
        xlabel='faces',
        ylabel='ms',
        title='Time of the core by number of faces and by image size',
        ylim=(0, None),
    )
    other = panel.twiny()
    by_size = [row for row in rows if row['faces'] == 1][1:]
    other.plot(
        [row['width'] * row['height'] / 1e6 for row in by_size],
        [row['median_ms'] for row in by_size],
        's--',
        color='tab:orange',
        label='one face, by size',
    )
    other.set(xlabel='megapixels', xlim=(0, None))
    panel.legend(loc='upper left')
    other.legend(loc='lower right')


def _latencies(panel: Axes, rows: list[Row]) -> None:
    labels = [row['case'] for row in rows][::-1]
    panel.barh(labels, [row['p99_ms'] for row in rows][::-1], color='lightsteelblue', label='p99')
    panel.barh(labels, [row['p50_ms'] for row in rows][::-1], label='p50')
    panel.set(xlabel='milliseconds from stamp to result', title='Over ROS')
    panel.tick_params(labelsize=7)
    panel.legend(loc='upper left', bbox_to_anchor=(1.0, 1.0))
