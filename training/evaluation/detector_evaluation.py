# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluation of a face detector: metrics, printed table and plots of the command line."""

from __future__ import annotations

import argparse
from typing import Any

from face_affect.core.detection import Detector, load_detector
from face_affect.core.models import find_detector, Sidecar
from training.data.faces import DatasetError
from training.data.scenes import load_scenes
from training.evaluation.detection_metrics import examine, figures_of, SameSizes
from training.evaluation.detection_plots import plot_curves, write_sheets
from training.evaluation.markdown import percent


def evaluate_file(sidecar: Sidecar, options: argparse.Namespace) -> dict[str, Any]:
    """Return the metrics and draw the plots of the command line ``options``.

    Raises:
        FileNotFoundError: the scenes are missing.
        DatasetError: the file is not a set of scenes, or does not have the part.
        ModelError: the network cannot be used.

    """
    scenes = load_scenes(options.data)
    if options.part in ('training', 'validation'):
        scenes = scenes.split(options.part == 'validation')
    elif options.part != 'all':
        raise DatasetError(
            f'the data set has no part {options.part}; choose all, training or validation'
        )
    threshold = options.threshold
    if options.detection_width is None:
        detector: Detector = load_detector(sidecar)
    else:
        sidecar = find_detector(str(sidecar.path.resolve()), options.detection_width)
        detector = SameSizes(load_detector(sidecar))
    findings = examine(detector, scenes)
    if options.curves:
        plot_curves(findings, threshold, sidecar.name, options.curves)
    if options.sheets:
        write_sheets(detector, scenes, threshold, options.sheets)
    return {'model': sidecar.name, 'scenes': len(scenes), **figures_of(findings, threshold)}


def print_table(figures: dict[str, Any]) -> None:
    """Print the metrics as tables."""
    print(
        f'{figures["model"]} at threshold {figures["threshold"]:.2f} on {figures["scenes"]} '
        f'scenes: precision {percent(figures["precision"], 2)}; {figures["negatives"]} without a '
        f'face, {percent(figures["clean_negatives"], 2)} of them without a false positive; '
        f'landmark error {percent(figures["landmark_error"], 2)} of the eye distance'
    )
    print('\nface width in the input     recall    faces')
    for name, recall in figures['recall'].items():
        print(f'{name + " px":24} {percent(recall, 2):>9} {figures["faces"][name]:8}')
