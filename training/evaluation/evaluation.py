# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Selection of the evaluation of a model; does not import PyTorch or TensorFlow."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from face_affect.core.models import DETECTION, Sidecar
from training.evaluation import (
    classifier_card,
    classifier_evaluation,
    detector_card,
    detector_evaluation,
)


@dataclass(frozen=True)
class ModelEvaluation:
    """The evaluation functions for models of a task.

    ``evaluate_file`` returns the metrics for command-line options, ``print_table`` prints them,
    and ``card_figures`` returns the Markdown of a model card; its arguments are the sidecar, the
    folder of the data sets and the folder for plots.
    """

    evaluate_file: Callable[[Sidecar, argparse.Namespace], dict[str, Any]]
    print_table: Callable[[dict[str, Any]], None]
    card_figures: Callable[[Sidecar, Path, Path], str]


CLASSIFIER = ModelEvaluation(
    classifier_evaluation.evaluate_file,
    classifier_evaluation.print_table,
    classifier_card.card_figures,
)
DETECTOR = ModelEvaluation(
    detector_evaluation.evaluate_file,
    detector_evaluation.print_table,
    detector_card.card_figures,
)


def evaluation_of(sidecar: Sidecar) -> ModelEvaluation:
    """Return the evaluation for the task of ``sidecar``."""
    return DETECTOR if sidecar.task == DETECTION else CLASSIFIER
