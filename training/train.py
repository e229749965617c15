# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Train a network by its recipe.

    python -m training.train recipes/emotion_mini_xception.yaml --data DATA

Checkpoint, curves (CSV and PNG) and the trained weights are written to ``runs/NAME``. The same
command resumes an interrupted run from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Sized
import csv
from dataclasses import asdict
from pathlib import Path
import sys
from typing import cast

import matplotlib
import torch
from torch import nn, Tensor
from torch.utils.data import DataLoader, RandomSampler, Sampler, WeightedRandomSampler
from tqdm import tqdm

from support.command_line import module_parser
from training.data.faces import DatasetError
from training.learner import Learner
from training.models.architectures import parameter_count
from training.models.mixed_precision import mixed_precision
from training.recipe import load_recipe, Recipe, RecipeError
from training.schedule import Schedule
from training.tasks import load_task
from training.tasks.task import Task
from training.trained_weights import averaged_weights, starting_weights


class Trainer:
    """One run of a recipe: network, optimiser, schedule and their checkpoint."""

    def __init__(self, recipe: Recipe, task: Task, run: Path, workers: int) -> None:
        """Start a run in folder ``run``, or resume it from its checkpoint.

        ``workers``: processes that load and augment, 0 for none.

        Raises:
            RecipeError: the checkpoint is of another recipe, or ``start_from`` is not trained.

        """
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._task = task
        self._run = run
        self._workers = workers
        self._device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self._epoch = 0
        network = task.network().to(self._device, memory_format=torch.channels_last)
        self._learner = Learner(recipe, network)
        steps = len(cast(Sized, task.views(0, 0.0))) // recipe.batch
        self._schedule = Schedule(recipe, steps)
        self._checkpoint = run / 'checkpoint.pt'
        if self._checkpoint.exists():
            self._resume()
        elif recipe.start_from:
            network.load_state_dict(starting_weights(recipe, run.parent))

    @property
    def model(self) -> nn.Module:
        """The network with averaged weights."""
        return self._learner.model

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        if state['recipe'] != asdict(self._recipe):
            raise RecipeError(
                f'{self._checkpoint} belongs to another recipe; remove it, or choose another '
                '--runs folder'
            )
        self._epoch = state['epoch']
        self._learner.resume(state)
        self._schedule.steps = state['steps']
        self._schedule.seconds = state['seconds']

    def _save(self) -> None:
        part = self._checkpoint.with_suffix('.part')
        torch.save(
            {
                'recipe': asdict(self._recipe),
                'epoch': self._epoch,
                **self._learner.state(),
                'steps': self._schedule.steps,
                'seconds': self._schedule.seconds,
            },
            part,
        )
        part.replace(self._checkpoint)

    def fit(self) -> None:
        """Run the remaining epochs."""
        print(
            f'{self._recipe.name}: {parameter_count(self.model)} parameters on {self._device}',
            flush=True,
        )
        while self._schedule.progress < 1:
            loss = self._train_epoch()
            self._epoch += 1
            self._save()
            row = {'epoch': self._epoch, 'loss': loss}
            if self._epoch % self._recipe.validate_every == 0 or self._schedule.progress == 1:
                row.update(self._task.validate(self.model, self._device))
                append_row(self._run / 'curves.csv', row)
            print(' '.join(f'{key} {value:.4g}' for key, value in row.items()), flush=True)

    def _train_epoch(self) -> float:
        """Train for an epoch, or until the end of the schedule; return the mean loss."""
        recipe = self._recipe
        shuffle = torch.Generator().manual_seed(recipe.seed + self._epoch)
        batches = DataLoader(
            self._task.views(self._epoch, self._schedule.progress),
            recipe.batch,
            sampler=_sampler(self._task, shuffle),
            drop_last=True,
            num_workers=self._workers,
        )
        self._learner.network.train()
        self._schedule.start()
        losses = []
        title = f'epoch {self._epoch + 1}'
        for images, *targets in tqdm(batches, title, disable=None, leave=False):
            losses.append(self._step(images, targets))
            if self._schedule.progress == 1:
                break
        return sum(losses) / len(losses)

    def _step(self, images: Tensor, targets: list[Tensor]) -> float:
        """Train with one batch and return its loss."""
        inputs = self._task.inputs(images.to(self._device)).contiguous(
            memory_format=torch.channels_last
        )
        with mixed_precision(self._device):
            outputs = self._learner.network(inputs)
        loss = self._task.loss(outputs, [target.to(self._device) for target in targets], inputs)
        self._learner.step(loss, self._schedule.progress)
        self._schedule.step()
        return float(loss.item())


def _sampler(task: Task, shuffle: torch.Generator) -> Sampler[int]:
    """Return the sampler of an epoch: every image once, or by the task's weights."""
    weights = task.weights()
    if weights is None:
        return RandomSampler(range(task.pictures), generator=shuffle)
    return WeightedRandomSampler(weights.tolist(), task.pictures, generator=shuffle)


def append_row(table: Path, row: dict[str, float]) -> None:
    """Append ``row`` to a CSV file, with a header line if it is new."""
    new = not table.exists()
    with table.open('a', newline='') as lines:
        writer = csv.DictWriter(lines, row)
        if new:
            writer.writeheader()
        writer.writerow(row)


def plot_curves(table: Path, picture: Path) -> None:
    """Plot each column of ``table`` over the epochs; the losses share a panel."""
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    with table.open() as lines:
        rows = list(csv.DictReader(lines))
    epochs = [int(row['epoch']) for row in rows]
    losses = [name for name in ('loss', 'val_loss') if name in rows[0]]
    others = [name for name in rows[0] if name not in ('epoch', *losses)]
    figure, panels = plt.subplots(
        1, 1 + len(others), squeeze=False, figsize=(5 * (1 + len(others)), 4)
    )
    for panel, names in zip(panels[0], [losses, *([name] for name in others)]):
        for name in names:
            panel.plot(epochs, [float(row[name]) for row in rows], label=name)
        panel.set(xlabel='epoch')
        panel.legend()
    figure.tight_layout()
    figure.savefig(picture)
    plt.close(figure)


def train(recipe: Recipe, data: Path, runs: Path, workers: int) -> Path:
    """Train a recipe, or average its ``average_of``; return the path of the weights.

    Raises:
        DatasetError: the data have an unsupported format.
        FileNotFoundError: the data are missing.
        RecipeError: the recipe cannot be used with the data, or needs one that is not trained.

    """
    run = runs / recipe.name
    task = load_task(recipe, data)
    if recipe.average_of:
        model = _average(recipe, task, runs)
        run.mkdir(parents=True, exist_ok=True)
    else:
        task.load_teachers(runs)
        run.mkdir(parents=True, exist_ok=True)
        trainer = Trainer(recipe, task, run, workers)
        trainer.fit()
        plot_curves(run / 'curves.csv', run / 'curves.png')
        model = trainer.model
    torch.save(model.state_dict(), run / 'weights.pt')
    return run / 'weights.pt'


def _average(recipe: Recipe, task: Task, runs: Path) -> nn.Module:
    """Return the network of a recipe with ``average_of``, and print its validation metrics."""
    model = task.network()
    model.load_state_dict(averaged_weights(recipe, runs))
    metrics = task.validate(model, torch.device('cpu'))
    print(recipe.name, *(f'{key} {value:.4g}' for key, value in metrics.items()), flush=True)
    return model


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.train', __doc__)
    parser.add_argument('recipe', type=Path, help='a recipe file (training/recipes/*.yaml)')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument(
        '--runs',
        type=Path,
        default=Path('runs'),
        help='the folder for checkpoints and curves (default: %(default)s)',
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=0,
        help='processes that load and augment (default: %(default)s, in this process)',
    )
    arguments = parser.parse_args()
    try:
        print(
            train(load_recipe(arguments.recipe), arguments.data, arguments.runs, arguments.workers)
        )
    except (DatasetError, RecipeError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
