# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Plots of classifier metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt

SIZE = (6, 4.2)  # inches


def plot_confusion(figures: dict[str, Any], picture: Path) -> None:
    """Plot the confusion matrix of ``figures``, with each row normalised to 1."""
    matrix = np.array(figures['confusion'], dtype=float)
    matrix /= np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, panel = plt.subplots(figsize=(6, 5.5))
    panel.imshow(matrix, cmap='Blues', vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        panel.text(
            column,
            row,
            f'{matrix[row, column]:.2f}',
            ha='center',
            va='center',
            color='white' if matrix[row, column] > 0.5 else 'black',
        )
    ticks = range(len(figures['labels']))
    panel.set_xticks(ticks, figures['labels'], rotation=45)
    panel.set_yticks(ticks, figures['labels'])
    panel.set(
        xlabel='predicted',
        ylabel='true',
        title=f'{figures["model"]}, accuracy {figures["accuracy"]:.1%}',
    )
    _save(figure, picture)


def plot_coverage(figures: dict[str, Any], default: float, picture: Path) -> None:
    """Plot accuracy against the answered fraction; mark min_confidence ``default``."""
    rows = [row for row in figures['coverage'] if row['accuracy'] is not None]
    figure, panel = plt.subplots(figsize=SIZE)
    panel.plot([row['answered'] for row in rows], [row['accuracy'] for row in rows], marker='.')
    for row in rows[::2]:
        if row['answered'] < 0.999:
            panel.annotate(
                f'{row["min_confidence"]:.1f}',
                (row['answered'], row['accuracy']),
                xytext=(4, 4),
                textcoords='offset points',
                fontsize=8,
            )
    marked = min(rows, key=lambda row: abs(row['min_confidence'] - default))
    panel.plot(
        marked['answered'],
        marked['accuracy'],
        'o',
        markersize=9,
        fillstyle='none',
        color='C1',
        label=f'min_confidence {default:.1f}, the default',
    )
    panel.set(
        xlabel='answered fraction',
        ylabel='accuracy of the answered',
        xlim=(0, 1.02),
        title=f'{figures["model"]}, by min_confidence',
    )
    panel.legend()
    panel.grid(alpha=0.3)
    _save(figure, picture)


def plot_face_sizes(name: str, curves: dict[str, list[dict[str, Any]]], picture: Path) -> None:
    """Plot accuracy and detected fraction against face size for each detector in ``curves``."""
    figure, (accuracy, found) = plt.subplots(1, 2, figsize=(11, 4.2), sharex=True)
    for detector, rows in curves.items():
        read = [row for row in rows if row['accuracy'] is not None]
        sizes = [row['size'] for row in read]
        accuracy.errorbar(
            sizes,
            [row['accuracy'] for row in read],
            marker='o',
            capsize=3,
            label=detector,
            yerr=[
                [row['accuracy'] - row['low'] for row in read],
                [row['high'] - row['accuracy'] for row in read],
            ],
        )
        found.plot(
            [row['size'] for row in rows],
            [row['found'] for row in rows],
            marker='o',
            label=detector,
        )
    ticks = [row['size'] for row in next(iter(curves.values()))]
    for panel, title in (
        (accuracy, 'accuracy of the detected faces'),
        (found, 'detected fraction'),
    ):
        panel.set(xscale='log', xlabel='face size in 640x480 (pixels)', ylabel=title)
        panel.set_xticks(ticks, [str(size) for size in ticks])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    found.set(ylim=(0, 1.02))
    accuracy.set(title=name)
    accuracy.legend()
    _save(figure, picture)


def _save(figure: Any, picture: Path) -> None:
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    plt.close(figure)
