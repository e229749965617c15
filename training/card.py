# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluate a model and write the metrics into its model card, docs/models/NAME.md.

    python -m training.card emotion_mini_residual --data DATA

Text outside of the markers is written by hand and kept. Plots are written to
docs/images/NAME_*.png. A new card is created from the template of the task in training/cards.
"""

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

import cv2

from face_affect.core.models import ModelError, read_sidecar, Sidecar
from support.command_line import module_parser
from support.markdown import table
from training.data.faces import DatasetError
from training.evaluation.evaluation import evaluation_of
from training.evaluation.markdown import percent, with_measured

ROOT = Path(__file__).parents[1]
TEMPLATES = Path(__file__).parent / 'cards'


def facts(sidecar: Sidecar) -> str:
    """Return a Markdown table of architecture, size, training data and licence in a sidecar."""
    recipe = sidecar.training.get('recipe', {})
    size = sidecar.input
    rows = [
        ('architecture', f'`{recipe.get("architecture")}` (`training/models/architectures.py`)'),
        ('parameters', f'{sidecar.parameters:,}, normalisation statistics counted'),
        ('multiply-accumulates', f'{sidecar.macs / 1e6:.1f} million'),
        ('input', f'{size.width}x{size.height} {"RGB" if size.colour == "rgb" else size.colour}'),
        ('arithmetic', sidecar.quantisation),
        (
            'trained on',
            f'{sidecar.training.get("pictures", 0):,} pictures of '
            f'`{recipe.get("data")}`: {sidecar.training.get("data")}',
        ),
        ('recipe', _recipe(recipe)),
        ('licence of the weights', sidecar.licence),
    ]
    return table(('', ''), rows)


def _recipe(recipe: dict[str, Any]) -> str:
    """Return the recipe's file name and its main settings."""
    file = f'`training/recipes/{recipe.get("name")}.yaml`'
    if recipe.get('average_of'):
        total = sum(recipe['average_of'].values())
        members = (
            f'{percent(weight / total)} of `{name}`'
            for name, weight in recipe['average_of'].items()
        )
        return f'{file}: the weighted mean of trained weights, {", ".join(members)}'
    minutes = recipe.get('minutes')
    length = f'{minutes} minutes' if minutes else f'{recipe.get("epochs")} epochs'
    text = (
        f'{file}: {length}, batches of {recipe.get("batch")}, '
        f'learning rate {recipe.get("learning_rate")}'
    )
    if recipe.get('start_from'):
        text += f', from the weights of `{recipe["start_from"]}`'
    if recipe.get('ferplus_weight'):
        text += f'; {percent(recipe["ferplus_weight"])} of a target from the FER+ votes'
    for name, head in recipe.get('heads', {}).items():
        text += (
            f'; head {name}: weight {head["weight"]}, {percent(head["votes"])} of a target from '
            f'the FER+ votes, label smoothing {head["label_smoothing"]}'
        )
    if recipe.get('teachers'):
        names = ', '.join(f'`{name}`' for name in recipe['teachers'])
        text += f'; {percent(recipe["teacher_weight"])} of a target from {names}, head by head'
    return text


def write_card(sidecar: Sidecar, data: Path, docs: Path) -> Path:
    """Evaluate a model, write its card into ``docs``/models, and return the path.

    Raises:
        FileNotFoundError: a data set is missing.
        DatasetError: there is no test set, or a data set has an unsupported format.
        ModelError: the network cannot be used.
        ValueError: the card does not have the markers.

    """
    card = docs / 'models' / f'{sidecar.name}.md'
    for folder in (card.parent, docs / 'images'):
        folder.mkdir(parents=True, exist_ok=True)
    if not card.exists():
        template = (TEMPLATES / f'{sidecar.task}.md').read_text()
        card.write_text(template.replace('NAME', sidecar.name))
    with_measured(card.read_text(), '')  # Validates the markers before the long evaluation
    figures = evaluation_of(sidecar).card_figures(sidecar, data, docs / 'images')
    again = f'    python -m training.card {sidecar.name} --data DATA'
    measured = f'{facts(sidecar)}\n\n{figures}\n\n{again}'
    card.write_text(with_measured(card.read_text(), measured))
    return card


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.card', __doc__)
    parser.add_argument('name', help='the model, models/NAME.json')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the data sets')
    parser.add_argument(
        '--docs',
        type=Path,
        default=ROOT / 'docs',
        help='the folder of models/NAME.md and images/ (default: %(default)s)',
    )
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        sidecar = read_sidecar(ROOT / 'models' / f'{arguments.name}.json')
        print(write_card(sidecar, arguments.data, arguments.docs))
    except (DatasetError, ModelError, FileNotFoundError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
