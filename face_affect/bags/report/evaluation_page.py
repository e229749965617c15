# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Render an evaluation as a self-contained HTML page."""

from __future__ import annotations

from face_affect.bags.analysis.evaluation import Evaluation, HIT_IOU, Proportion
from face_affect.bags.analysis.result_reader import Results
from face_affect.bags.report.rendering import render

TEMPLATE = 'evaluation.html.j2'


def make_evaluation_page(results: Results, truth: str, found: Evaluation) -> str:
    """Return the HTML page of an evaluation.

    Args:
        results: the evaluated results.
        truth: the name of the truth file.
        found: the evaluation.

    """
    figures = {
        'labelled images': str(found.images),
        'recall of faces': _percent(found.recall),
        'id switches': '-' if found.switches is None else str(found.switches),
        **{f'{one.task.name} accuracy': _percent(one.accuracy) for one in found.tasks},
    }
    return render(
        TEMPLATE,
        name=results.path.absolute().name,
        results=str(results.path),
        topic=results.topic,
        truth=truth,
        found=found,
        figures=list(figures.items()),
        iou=HIT_IOU,
    )


def _percent(proportion: Proportion) -> str:
    return '-' if proportion.value is None else f'{100 * proportion.value:.1f} %'
