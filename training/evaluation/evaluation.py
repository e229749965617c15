# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Which evaluation a model gets. Free of PyTorch and TensorFlow, as all evaluation is."""

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
    """How models of a task are evaluated.

    ``evaluate_file`` returns the figures that command line options ask for, ``print_table``
    prints them, and ``card_figures`` returns the Markdown of a card; it takes the folder of
    the picture sets and the one for plots.
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
    """Return how the model of ``sidecar`` is evaluated."""
    return DETECTOR if sidecar.task == DETECTION else CLASSIFIER
