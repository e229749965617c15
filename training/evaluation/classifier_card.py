# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The generated part of a classifier's model card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
import re
from typing import Any

from face_affect.core.models import DETECTION, find_model, Sidecar
from face_affect.core.settings import ModelNames
from support.markdown import table
from training.data.evaluation_sets import EvaluationSet, find_evaluation_sets
from training.data.faces import DatasetError
from training.evaluation.classification_plots import plot_confusion, plot_coverage, plot_face_sizes
from training.evaluation.classifier_evaluation import default_confidence, evaluate
from training.evaluation.dark_glasses import dark_glasses
from training.evaluation.markdown import interval, percent
from training.evaluation.robustness import robustness
from training.evaluation.synthetic_scenes import backgrounds_of, by_face_size, by_roll, ROLLED_SIZE

# Images of the first test set for evaluations that run several times on each
ROBUSTNESS_PICTURES, GLASSES_PICTURES, SIZE_PICTURES = 1500, 400, 250
SCENES = 'face_scenes.npz'  # its images without a face are the backgrounds


def card_figures(sidecar: Sidecar, data: Path, images: Path) -> str:
    """Evaluate the model with the test sets in folder ``data``; return the results as Markdown.

    Plots are written to ``images``/NAME_*.png, and linked relative to a sibling of that folder.

    Raises:
        DatasetError: there is no test set for the model's task.
        ModelError: a network cannot be used.

    """
    tests = find_evaluation_sets(sidecar, data)
    if not tests:
        raise DatasetError(f'{data} has no test set for {sidecar.task}')
    figures = [evaluate(test.sidecar, test.faces) for test in tests]
    whole = [(test.title, row) for test, row in zip(tests, figures) if test.whole]
    parts = [
        _accuracy(tests, figures, sidecar),
        _recall(whole),
        *_groups(whole),
        _worse(whole),
        _picture(
            images / f'{sidecar.name}_confusion.png',
            f'Confusion matrix, {whole[0][0]}',
            lambda picture: plot_confusion(figures[0], picture),
        ),
        _coverage(figures[0], tests[0].title, default_confidence(sidecar.task)),
        _picture(
            images / f'{sidecar.name}_coverage.png',
            'Accuracy by answered fraction',
            lambda picture: plot_coverage(figures[0], default_confidence(sidecar.task), picture),
        ),
        _robustness(tests[0]),
        _glasses(tests[0]),
        _end_to_end(tests[0], data / SCENES, images / f'{sidecar.name}_face_sizes.png'),
    ]
    return '\n\n'.join(parts)


def _picture(path: Path, caption: str, draw: Any) -> str:
    draw(path)
    return f'![{caption}](../{path.parent.name}/{path.name})'


def _accuracy(tests: list[EvaluationSet], figures: list[dict[str, Any]], sidecar: Sidecar) -> str:
    rows = [
        (
            test.title,
            *((row['head'],) if sidecar.heads else ()),
            f'{row["count"]:,}',
            percent(row['accuracy']),
            interval(row['low'], row['high']),
            f'{row["macro_f1"]:.3f}',
            f'{row["ece"]:.3f}',
        )
        for test, row in zip(tests, figures)
    ]
    arithmetic = sidecar.quantisation.split(',')[0]
    text = f"""## Figures

Of the {arithmetic} file through `face_affect.core`, on crops as in training:

""" + table(
        (
            'test',
            *(('head',) if sidecar.heads else ()),
            'pictures',
            'accuracy',
            '95 % interval',
            'macro-F1',
            'calibration error',
        ),
        rows,
    )
    for one in [sidecar.with_head(head.name) for head in sidecar.heads] or [sidecar]:
        of_head, suffix = (f' of head {one.head}', f'_{one.head}') if one.head else ('', '')
        text += f'\n\nThe temperature{of_head} is {one.temperature:.2f}.'
        if (trained := sidecar.accuracy.get(f'validation_float{suffix}')) is not None:
            text += f' Float before quantisation, held-out tenth: {percent(trained)}.'
    return text


def _recall(whole: list[tuple[str, dict[str, Any]]]) -> str:
    def cell(row: dict[str, Any] | None) -> str:
        if row is None:
            return '-'
        return f'{percent(row["accuracy"])} ({interval(row["low"], row["high"])})'

    return 'Recall by class, with its 95 % interval:\n\n' + table(
        ('', *(title for title, _ in whole)),
        [
            (label, *(cell(figures['recall'].get(label)) for _, figures in whole))
            for label in whole[0][1]['labels']
        ],
    )


def _rows(named: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, ...]]:
    return [
        (name, percent(row['accuracy']), interval(row['low'], row['high']), f'{row["count"]:,}')
        for name, row in named
    ]


def _people(figures: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield title and metrics of the groups by race and age."""
    for name, row in sorted(figures['groups'].items(), key=lambda item: _sort_key(item[0])):
        kind, _, value = name.partition('=')
        if kind in ('race', 'age'):
            yield f'{kind}: {value.replace("_", ", ")}', row


def _sort_key(group: str) -> tuple[str, int, str]:
    """Return a key that sorts groups by kind, then by leading number, then by name."""
    kind, _, value = group.partition('=')
    number = re.match(r'\d+', value)
    return kind, int(number.group()) if number else 1000, value


def _groups(whole: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    for title, figures in whole:
        if rows := _rows(_people(figures)):
            yield f'By group, {title}:\n\n' + table(
                ('', 'accuracy', '95 % interval', 'pictures'), rows
            )


def _worse(whole: list[tuple[str, dict[str, Any]]]) -> str:
    """Return the classes and groups significantly below the accuracy of their test set."""
    rows = []
    for title, figures in whole:
        named = [
            *((f'class: {name}', row) for name, row in figures['recall'].items()),
            *_people(figures),
        ]
        worse = [(name, row) for name, row in named if row['high'] < figures['accuracy']]
        rows += [
            (title, *row)
            for row in _rows(sorted(worse, key=lambda pair: float(pair[1]['accuracy'])))
        ]
    text = '### Classes and groups below average\n\n'
    if not rows:
        return text + 'No class or group has a 95 % interval below the accuracy of its test set.'
    return text + (
        'Classes and groups whose 95 % interval lies below the accuracy of their test '
        'set:\n\n' + table(('test', '', 'accuracy', '95 % interval', 'pictures'), rows)
    )


def _coverage(figures: dict[str, Any], title: str, default: float) -> str:
    rows = [
        (
            f'{row["min_confidence"]:.1f}'
            + (" (the node's default)" if row['min_confidence'] == default else ''),
            percent(row['answered']),
            percent(row['accuracy']),
        )
        for row in figures['coverage'][::2]
        if row['answered'] < 1
    ]
    return f'### Confidence\n\nUNKNOWN below `min_confidence`, {title}:\n\n' + table(
        ('min_confidence', 'answered', 'accuracy of these'), rows
    )


def _robustness(test: EvaluationSet) -> str:
    faces = test.faces.sample(ROBUSTNESS_PICTURES)
    return f'### Degraded images\n\n{len(faces):,} images of {test.title}:\n\n' + table(
        ('', 'accuracy', '95 % interval'),
        [row[:3] for row in _rows(robustness(test.sidecar, faces).items())],
    )


def _glasses(test: EvaluationSet) -> str:
    found = dark_glasses(
        test.sidecar,
        test.faces.sample(GLASSES_PICTURES),
        find_model(ModelNames().detector, DETECTION),
    )
    rows = [
        ('accuracy', percent(found['accuracy']['without']), percent(found['accuracy']['with']), '')
    ]
    rows += [
        (f'predicted {label}', percent(row['without']), percent(row['with']), percent(row['true']))
        for label, row in found['said'].items()
    ]
    return f"""### Dark glasses

In the paper, faces with dark glasses were classified as angry and male. Here glasses are drawn
over the eyes detected by {found['detector']} ({found['count']} of {found['of']} faces of
{test.title}):

""" + table(('', 'without', 'with glasses', 'labelled'), rows)


def _end_to_end(test: EvaluationSet, scenes: Path, picture: Path) -> str:
    """Return detected fraction and accuracy by face size, with a plot, and by roll."""
    sidecar, faces = test.sidecar, test.faces.sample(SIZE_PICTURES)
    real = scenes.exists()
    backgrounds = backgrounds_of(scenes if real else None)
    detectors = {name: find_model(name, DETECTION) for name in sorted(sidecar.crop)}
    sizes, rolls = (
        {name: by(sidecar, detector, faces, backgrounds) for name, detector in detectors.items()}
        for by in (by_face_size, by_roll)
    )
    plot_face_sizes(sidecar.name, sizes, picture)
    around = 'photographs without a face' if real else 'smooth synthetic backgrounds'
    return f"""### By face size, end to end

{len(faces)} faces of {test.title}, with a plain head and shoulders drawn around them, in {around}
of 640x480 pixels, processed by the detector, its crop and this network. Images are gray, like
these faces. Size: the square root of the area of the detector's box. {ModelNames().detector} is
the default detector.

{_chain_table(sizes, 'size', ' px')}

![Accuracy and detected fraction by face size](../{picture.parent.name}/{picture.name})

### By roll, end to end

The same faces of {ROLLED_SIZE} pixels: upright ones at random places, rolled ones at the centre of
images that are rotated to either side:

{_chain_table(rolls, 'roll', '°')}"""


def _chain_table(curves: dict[str, list[dict[str, Any]]], key: str, unit: str) -> str:
    return table(
        ('detector', key, 'detected', 'accuracy of these', '95 % interval'),
        [
            (
                name,
                f'{row[key]}{unit}',
                percent(row['found']),
                percent(row['accuracy']),
                interval(row['low'], row['high']),
            )
            for name, curve in curves.items()
            for row in curve
        ],
    )
