# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Train several networks with common data and views on one GPU.

    python -m training.gpu.train emotion_teacher_resnet18 --data PACKED --runs RUNS
    python -m training.gpu.train emotion_mini_residual emotion_residual --data PACKED --runs RUNS

Images are stored and augmented on the GPU. The recipes are those of ``training.train``, whose
``minutes`` are the training time. Each network has its own optimiser and moving average; a view
and the teachers' outputs for it are computed once for all. Trained weights are written to
RUNS/NAME/weights.pt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import copy
from dataclasses import replace
from pathlib import Path
import sys
import time

import torch
from torch import nn, Tensor

from support.command_line import module_parser
from training.data.augmentation import Augmentation
from training.data.faces import DatasetError
from training.gpu.views import random_views, Views
from training.learner import Learner
from training.models.architectures import build
from training.models.mixed_precision import mixed_precision
from training.recipe import load_recipe, Recipe, RecipeError
from training.schedule import Schedule
from training.tasks.classification import Classification
from training.train import append_row
from training.trained_weights import starting_weights

SHARED = (
    *('task', 'data', 'extra_data', 'balance', 'heads', 'teachers', 'teacher_weight'),
    *('minutes', 'epochs', 'batch', 'augmentation'),
)
VALIDATIONS = 8  # per run
TEACHER_SIZE = 48  # pixels
TRIALS = 2  # steps, of which the last is timed


class Pupil:
    """One network in training."""

    def __init__(self, recipe: Recipe, outputs: int, runs: Path, device: torch.device) -> None:
        """Build the network of ``recipe`` with ``outputs`` outputs on ``device``.

        Raises:
            RecipeError: the recipe's starting point in ``runs`` is not trained yet.

        """
        self.recipe = recipe
        network = build(recipe.architecture, outputs)
        if recipe.start_from:
            network.load_state_dict(starting_weights(recipe, runs))
        self._format = fastest_format(network.to(device), recipe.batch, recipe.input_size)
        self._learner = Learner(recipe, network.to(memory_format=self._format))

    @property
    def model(self) -> nn.Module:
        """The network with averaged weights."""
        return self._learner.model

    def step(self, task: Classification, views: Views, target: Tensor, progress: float) -> Tensor:
        """Train with one batch and return its loss, on the device.

        ``views`` by size; ``target`` f32 [B, heads, C]; ``progress`` 0..1 of the schedule.
        """
        self._learner.network.train()
        inputs = views[self.recipe.input_size].contiguous(memory_format=self._format)
        with mixed_precision(inputs.device):
            outputs = self._learner.network(inputs)
        loss = task.loss_for(outputs.float(), target)
        self._learner.step(loss, progress)
        return loss.detach()


def fastest_format(network: nn.Module, batch: int, size: int) -> torch.memory_format:
    """Return the memory format in which ``network`` trains faster on its device, by a trial.

    On tensor cores, dense convolutions are faster with channels last, but depthwise ones can be
    many times slower.
    """
    device = next(network.parameters()).device
    seconds = {}
    for layout in (torch.channels_last, torch.contiguous_format):
        trial = copy.deepcopy(network).to(memory_format=layout)
        views = torch.rand(batch, 1, size, size, device=device).contiguous(memory_format=layout)
        for _ in range(1 + TRIALS):  # In the first run, the library selects its algorithms.
            begin = time.monotonic()
            with mixed_precision(device):
                outputs = trial(views)
            # The copy to the host waits for the end of the computation.
            outputs.float().square().mean().backward()
            float(next(trial.parameters()).grad.sum())
            seconds[layout] = time.monotonic() - begin
    return min(seconds, key=lambda layout: seconds[layout])


class Group:
    """Networks with common data, targets and teachers."""

    def __init__(
        self, recipes: Sequence[Recipe], data: Path, runs: Path, device: torch.device
    ) -> None:
        """Load the data once, and all networks.

        Raises:
            DatasetError: the data have an unsupported format.
            FileNotFoundError: the data are missing.
            RecipeError: the recipes differ in a key of SHARED, or one cannot be trained.

        """
        first = recipes[0]
        for recipe in recipes:
            if recipe.average_of:
                raise RecipeError(
                    f'{recipe.name}: nothing to train, average_of is given; use training.train'
                )
            for key in SHARED:
                if getattr(recipe, key) != getattr(first, key):
                    raise RecipeError(
                        f'{recipe.name}: {key} differs from that of {first.name}, but must be '
                        'equal for networks that are trained together'
                    )
        torch.manual_seed(first.seed)
        self._recipe, self._device, self._runs = first, device, runs
        self.task = Classification(first, data)
        self.task.load_teachers(runs)
        outputs = len(first.heads) * len(self.task.labels)
        self.pupils = [Pupil(recipe, outputs, runs, device) for recipe in recipes]
        self._images = torch.from_numpy(self.task.fitted.images).to(device)[:, None]
        self._targets = torch.stack(
            [torch.from_numpy(target) for target in self.task.targets], 1
        ).to(device)
        self._unlabelled = [
            (torch.from_numpy(images).to(device)[:, None], round(share * first.batch))
            for images, share in self.task.unlabelled
        ]
        self._sizes = {recipe.input_size for recipe in recipes}
        if first.teachers:
            self._sizes.add(TEACHER_SIZE)

    def fit(self, most_steps: int | None) -> None:
        """Train until the end of the schedule, or for ``most_steps`` steps."""
        drawn = self._recipe.batch - sum(count for _, count in self._unlabelled)
        schedule = Schedule(self._recipe, len(self._images) // drawn)
        schedule.start()
        validations = 0
        losses: list[Tensor] = []
        for rows in self._batches(drawn):
            losses.append(self._step(rows, schedule.progress))
            schedule.step()
            over = schedule.progress == 1 or schedule.steps == most_steps
            if over or schedule.progress * VALIDATIONS >= validations + 1:
                validations += 1
                epoch = schedule.steps * drawn / len(self._images)
                self._validate(epoch, torch.stack(losses).mean(0), schedule)
                losses = []
                schedule.start()
            if over:
                return

    def _batches(self, count: int) -> Iterator[Tensor]:
        """Yield batches of rows: each row once per epoch, or sampled by the task's weights."""
        weights = self.task.weights()
        drawn_by = None if weights is None else torch.from_numpy(weights).to(self._device)
        while True:
            order = (
                torch.randperm(len(self._images), device=self._device)
                if drawn_by is None
                else torch.multinomial(drawn_by, len(self._images), replacement=True)
            )
            yield from (rows for rows in order.split(count) if len(rows) == count)

    def _step(self, rows: Tensor, progress: float) -> Tensor:
        """Train all networks with one batch; return their losses [networks]."""
        augmentation = self._recipe.augmentation
        assert isinstance(augmentation, Augmentation)
        batches = [random_views(self._images[rows], augmentation, self._sizes)]
        targets = [self._targets[rows]]
        for images, count in self._unlabelled:
            more = torch.randint(len(images), (count,), device=self._device)
            batches.append(random_views(images[more], augmentation, self._sizes))
            targets.append(torch.zeros(count, *self._targets.shape[1:], device=self._device))
        views = {size: torch.cat([batch[size] for batch in batches]) for size in self._sizes}
        target = torch.cat(targets)
        if self._recipe.teachers:
            target = self.task.taught(target, views[TEACHER_SIZE])
        return torch.stack(
            [pupil.step(self.task, views, target, progress) for pupil in self.pupils]
        )

    def _validate(self, epoch: float, losses: Tensor, schedule: Schedule) -> None:
        """Append a row to each network's curves and print it."""
        for pupil, loss in zip(self.pupils, losses.tolist()):
            row = {'epoch': round(epoch, 2), 'minutes': schedule.seconds / 60, 'loss': loss}
            row |= self.task.validate(pupil.model, self._device, pupil.recipe.input_size)
            folder = self._runs / pupil.recipe.name
            folder.mkdir(parents=True, exist_ok=True)
            append_row(folder / 'curves.csv', row)
            text = ' '.join(f'{key} {value:.4g}' for key, value in row.items())
            print(f'{pupil.recipe.name}: {text}', flush=True)

    def save(self, half: bool) -> None:
        """Write the averaged weights of all networks; ``half``: as float16."""
        for pupil in self.pupils:
            weights = {
                name: value.cpu().half() if half and value.is_floating_point() else value.cpu()
                for name, value in pupil.model.state_dict().items()
            }
            torch.save(weights, self._runs / pupil.recipe.name / 'weights.pt')


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.gpu.train', __doc__)
    parser.add_argument(
        'recipes', nargs='+', type=Path, help='recipes with common data and schedule'
    )
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument(
        '--runs',
        type=Path,
        default=Path('runs'),
        help='the folder for curves and weights (default: %(default)s)',
    )
    parser.add_argument('--minutes', type=float, help='training time (default: of the recipes)')
    parser.add_argument('--steps', type=int, help='maximum number of steps, for a trial run')
    parser.add_argument('--half', action='store_true', help='save weights as float16')
    arguments = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    begin = time.monotonic()
    try:
        recipes = [load_recipe(path.with_suffix('.yaml')) for path in arguments.recipes]
        if arguments.minutes:
            recipes = [replace(recipe, minutes=arguments.minutes) for recipe in recipes]
        group = Group(recipes, arguments.data, arguments.runs, device)
        print(f'loaded in {time.monotonic() - begin:.1f} s, on {device}', flush=True)
        group.fit(arguments.steps)
        group.save(arguments.half)
    except (DatasetError, RecipeError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'done in {time.monotonic() - begin:.1f} s', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
