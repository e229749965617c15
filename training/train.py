"""Train a network by its recipe.

    python -m training.train recipes/emotion_mini_xception.yaml --data DATA

Checkpoint, curves (CSV and PNG) and the trained network go to ``runs/NAME``;
the same command goes on where an interrupted run stopped.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import asdict
from pathlib import Path
import sys

import matplotlib
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from tqdm import tqdm

from training.architectures import build
from training.augmentation import AugmentedFaces, network_input
from training.datasets import DatasetError, FaceSet, load_faces, training_part, validation_part
from training.recipe import load_recipe, Recipe, RecipeError


class Trainer:
    """One run of a recipe: network, optimiser, schedule and their checkpoint."""

    def __init__(self, recipe: Recipe, faces: FaceSet, run: Path, workers: int) -> None:
        """Set up the run in folder ``run``, or take up its checkpoint."""
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._run = run
        self._workers = workers
        self._device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self._fitted, self._held_out = training_part(faces), validation_part(faces)
        self._epoch = 0
        self.model = build(recipe.architecture, len(faces.label_names)).to(
            self._device, memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, recipe.learning_rate, pct_start=0.1,
            total_steps=recipe.epochs * (len(self._fitted) // recipe.batch))
        self._checkpoint = run / 'checkpoint.pt'
        if self._checkpoint.exists():
            self._resume()
        elif recipe.start_from:
            self._start_from(run.parent / recipe.start_from / 'weights.pt')

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        if state['recipe'] != asdict(self._recipe):
            raise RecipeError(f'{self._checkpoint} belongs to another recipe; '
                              'remove it or choose another --runs folder')
        self._epoch = state['epoch']
        self.model.load_state_dict(state['model'])
        self._optimizer.load_state_dict(state['optimizer'])
        self._schedule.load_state_dict(state['schedule'])

    def _start_from(self, weights: Path) -> None:
        if not weights.exists():
            raise RecipeError(
                f'{weights} is missing; train recipe {self._recipe.start_from} first')
        self.model.load_state_dict(
            torch.load(weights, map_location=self._device, weights_only=True))

    def _save(self) -> None:
        part = self._checkpoint.with_suffix('.part')
        torch.save({'recipe': asdict(self._recipe), 'epoch': self._epoch,
                    'model': self.model.state_dict(), 'optimizer': self._optimizer.state_dict(),
                    'schedule': self._schedule.state_dict()}, part)
        part.replace(self._checkpoint)

    def fit(self) -> None:
        """Run all epochs that are still to do."""
        print(f'{self._recipe.name}: {len(self._fitted)} training and '
              f'{len(self._held_out)} validation pictures on {self._device}')
        while self._epoch < self._recipe.epochs:
            loss, accuracy = self._train_epoch()
            self._epoch += 1
            val_loss, val_accuracy = self._validate()
            row = {'epoch': self._epoch, 'loss': loss, 'accuracy': accuracy,
                   'val_loss': val_loss, 'val_accuracy': val_accuracy}
            print(' '.join(f'{key} {value:.4g}' for key, value in row.items()), flush=True)
            append_row(self._run / 'curves.csv', row)
            self._save()

    def _train_epoch(self) -> tuple[float, float]:
        recipe = self._recipe
        early = self._epoch < recipe.early_epochs
        views = AugmentedFaces(self._fitted, recipe.augmentation,
                               recipe.early_size if early else recipe.input_size,
                               recipe.seed, self._epoch)
        shuffle = torch.Generator().manual_seed(recipe.seed + self._epoch)
        batches = DataLoader(views, recipe.batch, shuffle=True, drop_last=True,
                             generator=shuffle, num_workers=self._workers)
        self.model.train()
        losses, hits = 0.0, 0
        title = f'epoch {self._epoch + 1}/{recipe.epochs}'
        for images, targets in tqdm(batches, title, disable=None, leave=False):
            images = images.to(self._device, memory_format=torch.channels_last)
            targets = targets.to(self._device)
            logits = self.model(images)
            loss = functional.cross_entropy(
                logits, targets, label_smoothing=recipe.label_smoothing)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._schedule.step()
            losses += loss.item()
            hits += int((logits.argmax(1) == targets.argmax(1)).sum())
        return losses / len(batches), hits / (len(batches) * recipe.batch)

    def _validate(self) -> tuple[float, float]:
        images = torch.from_numpy(network_input(self._held_out.images, self._recipe.input_size))
        logits = predict(self.model, images, self._device)
        labels = torch.from_numpy(self._held_out.labels)
        return (functional.cross_entropy(logits, labels).item(),
                float((logits.argmax(1) == labels).float().mean()))


def predict(model: nn.Module, images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return the logits [N, C] of ``images`` f32 [N, 1, S, S]."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(part.to(device)).cpu() for part in images.split(256)])


def append_row(table: Path, row: dict[str, float]) -> None:
    """Append ``row`` to a CSV file, with a header line if it is new."""
    new = not table.exists()
    with table.open('a', newline='') as lines:
        writer = csv.DictWriter(lines, row)
        if new:
            writer.writeheader()
        writer.writerow(row)


def plot_curves(table: Path, picture: Path) -> None:
    """Draw loss and accuracy of training and validation over the epochs."""
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    with table.open() as lines:
        rows = list(csv.DictReader(lines))
    figure, panels = plt.subplots(1, 2, figsize=(10, 4))
    for panel, quantity in zip(panels, ('loss', 'accuracy')):
        for prefix, label in (('', 'training'), ('val_', 'validation')):
            panel.plot([int(row['epoch']) for row in rows],
                       [float(row[prefix + quantity]) for row in rows], label=label)
        panel.set(xlabel='epoch', ylabel=quantity)
        panel.legend()
    figure.tight_layout()
    figure.savefig(picture)
    plt.close(figure)


def train(recipe: Recipe, data: Path, runs: Path, workers: int) -> Path:
    """Train, and return the path of the trained weights."""
    faces = load_faces(data / recipe.data, recipe.ferplus_weight)
    if faces.task != recipe.task:
        raise DatasetError(f'{recipe.data} holds {faces.task} labels, not {recipe.task}')
    run = runs / recipe.name
    run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(recipe, faces, run, workers)
    trainer.fit()
    plot_curves(run / 'curves.csv', run / 'curves.png')
    torch.save(trainer.model.state_dict(), run / 'weights.pt')
    return run / 'weights.pt'


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog='python -m training.train', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('recipe', type=Path, help='a recipe file (training/recipes/*.yaml)')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument('--runs', type=Path, default=Path('runs'),
                        help='where checkpoints and curves go (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=0,
                        help='processes that augment (default: %(default)s, in this one)')
    arguments = parser.parse_args()
    try:
        print(train(load_recipe(arguments.recipe), arguments.data, arguments.runs,
                    arguments.workers))
    except (DatasetError, RecipeError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
