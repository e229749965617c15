# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluation of a classifier: metrics, printed table and plots of the command line."""

from __future__ import annotations

import argparse
from typing import Any

from face_affect.core.models import DETECTION, find_model, Sidecar
from face_affect.core.tasks import TASKS
from training.data.faces import DatasetError, FaceSet, training_part, validation_part
from training.data.label_functions import for_labels, for_votes, labelled_for
from training.data.loading import load_faces
from training.evaluation.classification_metrics import classifier_figures
from training.evaluation.classification_plots import plot_confusion, plot_coverage, plot_face_sizes
from training.evaluation.dark_glasses import dark_glasses
from training.evaluation.inference import probabilities_of
from training.evaluation.markdown import percent
from training.evaluation.robustness import robustness
from training.evaluation.synthetic_scenes import backgrounds_of, by_face_size


def evaluate(sidecar: Sidecar, faces: FaceSet) -> dict[str, Any]:
    """Return the metrics of the selected head of ``sidecar`` on ``faces``, serialisable as JSON.

    Raises:
        DatasetError: the images have labels of another task, or there are none.

    """
    if faces.task != sidecar.task:
        raise DatasetError(
            f'model {sidecar.name} is for {sidecar.task}, but the images have {faces.task} labels'
        )
    if not len(faces):
        raise DatasetError('the selected part has no images; choose another --part')
    head = {'head': sidecar.head} if sidecar.head else {}
    return {
        'model': sidecar.name,
        **head,
        **classifier_figures(probabilities_of(sidecar, faces.images), faces),
    }


def evaluate_both(sidecar: Sidecar, faces: FaceSet) -> dict[str, Any]:
    """Return the metrics on ``faces``, and under 'ferplus' those by the FER+ majority.

    The labels of FER-2013 are evaluated with the head trained on labels, its majorities with the
    head trained on votes, and other data sets with the selected head. Accuracy, interval and
    count of the FER+ metrics are also included as ``ferplus_accuracy`` and so on.

    Raises:
        DatasetError: the images have labels of another task, or there are none.

    """
    figures = evaluate(for_labels(sidecar) if 'usage' in faces.groups else sidecar, faces)
    if faces.has_majority.any():
        figures['ferplus'] = evaluate(for_votes(sidecar), faces.by_majority())
        for key in ('accuracy', 'low', 'high', 'count'):
            figures[f'ferplus_{key}'] = figures['ferplus'][key]
    return figures


def default_confidence(task: str) -> float:
    """Return the node's default of ``emotion_min_confidence`` or ``gender_min_confidence``."""
    return next(known.min_confidence for known in TASKS if known.name == task)


def select(faces: FaceSet, part: str) -> FaceSet:
    """Return one of training.evaluate.PARTS of a data set.

    Raises:
        DatasetError: the data set has no such part.

    """
    if part == 'all':
        return faces
    if part == 'training':
        return training_part(faces)
    if part == 'validation':
        return validation_part(faces)
    if 'usage' not in faces.groups:
        raise DatasetError(f'the data set has no part {part}; choose all, training or validation')
    return faces.subset(faces.groups['usage'] == part)


def evaluate_file(sidecar: Sidecar, options: argparse.Namespace) -> dict[str, Any]:
    """Return the metrics and draw the plots of the command line ``options``.

    Raises:
        FileNotFoundError: a file is missing.
        DatasetError: the data set cannot be used with the model or the options.
        ModelError: a network cannot be used.

    """
    faces = select(load_faces(options.data), options.part)
    figures = evaluate_both(sidecar, faces)
    learnt = labelled_for(sidecar, faces)
    of_robot = figures if learnt is faces else figures['ferplus']
    detector = find_model(options.detector, DETECTION)
    if options.robustness:
        figures['robustness'] = robustness(sidecar, learnt)
        figures['dark_glasses'] = dark_glasses(sidecar, learnt, detector)
    if options.face_sizes:
        curve = by_face_size(sidecar, detector, learnt, backgrounds_of(options.backgrounds))
        figures['face_sizes'] = {detector.name: curve}
        plot_face_sizes(sidecar.name, figures['face_sizes'], options.face_sizes)
    if options.confusion:
        plot_confusion(of_robot, options.confusion)
    if options.coverage:
        plot_coverage(of_robot, default_confidence(sidecar.task), options.coverage)
    return figures


def print_table(figures: dict[str, Any]) -> None:
    """Print the metrics as tables."""
    for title, row in (('labels', figures), ('FER+ majority', figures.get('ferplus'))):
        if row:
            head = f' (head {row["head"]})' if 'head' in row else ''
            print(
                f'{row["model"]}{head}, {title}: accuracy {row["accuracy"]:.2%} '
                f'({row["low"]:.2%} to {row["high"]:.2%}, {row["count"]} pictures), '
                f'macro-F1 {row["macro_f1"]:.3f}, calibration error {row["ece"]:.3f}'
            )
    for title in ('recall', 'groups', 'robustness'):
        if title not in figures:
            continue
        print(f'\n{title:32} accuracy   95 % interval     pictures')
        for name, row in figures[title].items():
            print(
                f'{name:32} {row["accuracy"]:7.2%}   {row["low"]:6.2%} to {row["high"]:6.2%} '
                f'{row["count"]:9}'
            )
    print('\nmin_confidence   answered   accuracy of these')
    for row in figures['coverage']:
        print(
            f'{row["min_confidence"]:14.2f} {row["answered"]:10.1%} '
            f'{percent(row["accuracy"], 2):>12}'
        )
    if 'dark_glasses' in figures:
        _print_glasses(figures['dark_glasses'])
    for detector, rows in figures.get('face_sizes', {}).items():
        print(f'\n{detector}, size in 640x480   found   accuracy of these   95 % interval')
        for row in rows:
            print(
                f'{row["size"]:5} px {row["found"]:10.1%} {percent(row["accuracy"], 2):>10} '
                f'{percent(row["low"], 2):>10} to {percent(row["high"], 2)}'
            )


def _print_glasses(glasses: dict[str, Any]) -> None:
    print(f'\ndark glasses, {glasses["count"]} faces   without     with     true')
    print(
        f'{"accuracy":24} {glasses["accuracy"]["without"]:11.1%} '
        f'{glasses["accuracy"]["with"]:8.1%}'
    )
    for label, row in glasses['said'].items():
        print(
            f'{"predicted " + label:24} {row["without"]:11.1%} {row["with"]:8.1%} '
            f'{row["true"]:8.1%}'
        )
