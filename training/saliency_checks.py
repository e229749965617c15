# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Run sanity checks of guided back-propagation on faces of the validation part.

    python -m training.saliency_checks emotion_mini_residual --data DATA --curves PNG

Cascading randomisation (Adebayo et al. 2018): the weights of the layers are randomised one after
the other, from the last on; a saliency map that depends on the trained weights must change.
Deletion and insertion (Petsiuk et al. 2018): the probability of the label while the most salient
pixels are replaced by gray, or inserted into a blurred image; the area under the curve is
compared with that of a random order.
"""

from __future__ import annotations

from collections.abc import Sequence
import copy
from dataclasses import dataclass
from pathlib import Path
import sys

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
import torch
from torch import fx, nn

from face_affect.core.classification import softmax
from face_affect.core.models import ModelError, read_sidecar
from face_affect.core.strict_json import nan_as_none, to_json
from support.command_line import module_parser
from training.data.augmentation import network_input
from training.data.faces import DatasetError, validation_part
from training.data.loading import load_faces
from training.export.dequantisation import dequantised, with_answering_head
from training.export.guided_backpropagation import input_gradient
from training.models.architectures import predict

Maps = NDArray[np.float32]

FACES = 300
STEPS = 16
BLUR = 5.0  # pixels, standard deviation of the blurred image that insertion starts from


def rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return Spearman's rank correlation, -1..1, of two arrays of the same size."""
    x, y = (values.ravel().argsort().argsort() - (values.size - 1) / 2 for values in (a, b))
    return float((x * y).sum() / (x * x).sum())


def similarity(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the mean SSIM (Wang et al. 2004) of two maps f32 [S, S], each scaled to 0..1."""
    x, y = ((values - values.min()) / max(float(np.ptp(values)), 1e-12) for values in (a, b))

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), dtype=np.float32)

    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    return float(
        np.mean(
            (2 * mean_x * mean_y + 0.01**2)
            * (2 * covariance + 0.03**2)
            / ((mean_x**2 + mean_y**2 + 0.01**2) * (variance_x + variance_y + 0.03**2))
        )
    )


def layers_of(model: nn.Module) -> list[nn.Conv2d]:
    """Return the convolutions in order of execution."""
    modules = dict(model.named_modules())
    assert isinstance(model, fx.GraphModule)
    called = [modules[node.target] for node in model.graph.nodes if node.op == 'call_module']
    return [module for module in called if isinstance(module, nn.Conv2d)]


def randomised(model: fx.GraphModule, layers: int, seed: int = 0) -> fx.GraphModule:
    """Return a copy with random weights in the last ``layers`` layers.

    They have a normal distribution with mean and deviation of the layer's trained weights.
    """
    changed = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    for module in layers_of(changed)[::-1][:layers]:
        for values in (module.weight, module.bias):
            assert values is not None
            with torch.no_grad():
                drawn = torch.randn(values.shape, generator=generator)
                values.copy_(values.mean() + drawn * values.std(correction=0))
    return changed


def gradients(model: nn.Module, images: Maps, classes: NDArray[np.int64], guided: bool) -> Maps:
    """Return the gradient maps f32 [N, S, S] of ``classes`` [N] for ``images`` f32 [N, 1, S, S].

    ``guided``: by guided back-propagation, else the plain gradient.
    """
    found = [
        input_gradient(model, part, labels, guided)
        for part, labels in zip(
            torch.from_numpy(images).split(100), torch.from_numpy(classes).split(100)
        )
    ]
    return torch.cat(found)[:, 0].numpy()


@dataclass(frozen=True)
class Cascade:
    """Similarity of maps with those of the trained network, by number of randomised layers.

    Means over faces of the rank correlation of the magnitudes, and of the SSIM.
    """

    rank_correlations: tuple[float, ...]
    similarities: tuple[float, ...]


def randomisation(
    model: fx.GraphModule, images: Maps, classes: NDArray[np.int64], guided: bool = True
) -> Cascade:
    """Return the cascade from no randomised layer (similarity 1) to all."""
    trained = gradients(model, images, classes, guided)
    correlations, similarities = [], []
    for layers in range(len(layers_of(model)) + 1):
        found = gradients(randomised(model, layers), images, classes, guided)
        correlations.append(
            float(
                np.mean([rank_correlation(np.abs(a), np.abs(b)) for a, b in zip(trained, found)])
            )
        )
        similarities.append(float(np.mean([similarity(a, b) for a, b in zip(trained, found)])))
    return Cascade(tuple(correlations), tuple(similarities))


def curve(
    model: nn.Module,
    images: Maps,
    replacement: Maps,
    order: NDArray[np.int64],
    classes: NDArray[np.int64],
    temperature: float,
) -> NDArray[np.float64]:
    """Return the mean probability f64 [STEPS + 1] of ``classes`` [N] as pixels are replaced.

    From no pixel to all. ``images`` and ``replacement`` f32 [N, 1, S, S]; ``order`` int64
    [N, S * S], the order of replacement.
    """
    rows = np.arange(len(images))
    values = []
    for step in range(STEPS + 1):
        replaced = order[:, : order.shape[1] * step // STEPS]
        mixed = images.copy().reshape(len(images), -1)
        np.put_along_axis(
            mixed,
            replaced,
            np.take_along_axis(replacement.reshape(len(images), -1), replaced, axis=1),
            axis=1,
        )
        logits = predict(
            model, torch.from_numpy(mixed.reshape(images.shape)), torch.device('cpu')
        ).numpy()
        values.append(softmax(logits / np.float32(temperature))[rows, classes].mean())
    return np.array(values, dtype=np.float64)


def deletion_and_insertion(
    model: nn.Module, images: Maps, classes: NDArray[np.int64], temperature: float
) -> dict[str, NDArray[np.float64]]:
    """Return the curves of deletion and insertion, by saliency and in random order."""
    maps = np.abs(gradients(model, images, classes, guided=True)).reshape(len(images), -1)
    orders = {
        'salient first': np.argsort(-maps, axis=1),
        'random': np.random.default_rng(0).permuted(
            np.tile(np.arange(maps.shape[1]), (len(images), 1)), axis=1
        ),
    }
    gray = np.broadcast_to(images.mean(axis=(2, 3), keepdims=True), images.shape)
    blurred = np.stack([cv2.GaussianBlur(image[0], (0, 0), BLUR)[None] for image in images])
    found = {}
    for name, order in orders.items():
        found[f'deletion, {name}'] = curve(model, images, gray, order, classes, temperature)
        found[f'insertion, {name}'] = curve(model, blurred, images, order, classes, temperature)
    return found


def plot(
    name: str, cascades: dict[str, Cascade], curves: dict[str, NDArray[np.float64]], picture: Path
) -> None:
    """Plot all curves into one image."""
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(14, 4))
    for kind, cascade in cascades.items():
        panels[0].plot(cascade.rank_correlations, 'o-', label=f'{kind}, rank correlation')
        panels[0].plot(cascade.similarities, 's--', label=f'{kind}, SSIM')
    panels[0].set(xlabel='randomised layers, from the last', ylim=(-0.5, 1.05), title=name)
    for panel, test in zip(panels[1:], ('deletion', 'insertion')):
        for title, values in curves.items():
            if title.startswith(test):
                label = f'{title.split(", ")[1]}, area {area(values):.3f}'
                panel.plot(np.linspace(0, 100, len(values)), values, label=label)
        panel.set(
            xlabel='% of the pixels', ylabel='probability of the label', ylim=(0, 1), title=test
        )
    for panel in panels:
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(picture, dpi=90)
    plt.close(figure)


def area(values: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the area under a curve over 0..1, by the trapezoidal rule."""
    points = np.asarray(values, dtype=np.float64)
    return float((points[1:] + points[:-1]).mean() / 2)


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.saliency_checks', __doc__)
    parser.add_argument('name', help='the classifier, models/NAME.json')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument(
        '--models',
        type=Path,
        default=Path('models'),
        help='the folder of the models (default: %(default)s)',
    )
    parser.add_argument(
        '--faces',
        type=int,
        default=FACES,
        help='number of faces of the validation part (default: %(default)s)',
    )
    parser.add_argument('--curves', type=Path, metavar='PNG', help='plot the curves')
    arguments = parser.parse_args()
    try:
        sidecar = read_sidecar(arguments.models / f'{arguments.name}.json')
        model = with_answering_head(dequantised(sidecar), sidecar)
        faces = validation_part(load_faces(arguments.data / sidecar.training['recipe']['data']))
    except (DatasetError, ModelError, ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    images = network_input(faces.images[: arguments.faces], sidecar.input.width)
    classes = predict(model, torch.from_numpy(images), torch.device('cpu')).argmax(1).numpy()
    cascades = {
        kind: randomisation(model, images, classes, guided)
        for kind, guided in (('guided', True), ('plain gradient', False))
    }
    curves = deletion_and_insertion(model, images, classes, sidecar.temperature)
    if arguments.curves:
        plot(sidecar.name, cascades, curves, arguments.curves)
    figures = {
        'model': sidecar.name,
        'faces': len(images),
        'randomisation': {
            kind: {
                key: [round(value, 3) for value in values] for key, values in vars(cascade).items()
            }
            for kind, cascade in cascades.items()
        },
        'area': {name: round(area(values), 3) for name, values in curves.items()},
    }
    print(to_json(nan_as_none(figures), indent=2))
    return 0


if __name__ == '__main__':
    sys.exit(main())
