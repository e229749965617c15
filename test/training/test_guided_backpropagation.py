# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import NDArray
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')
pytest.importorskip('tensorflow', reason='the export needs TensorFlow')

from ai_edge_litert.interpreter import Interpreter  # noqa: E402
from demo_bag import DemoFrame  # noqa: E402
from random_networks import random_model  # noqa: E402

from face_affect.core.crop import crop_face  # noqa: E402
from face_affect.core.models import available_models, CropGeometry, Sidecar  # noqa: E402
from face_affect.core.saliency import Saliency, saliency_path  # noqa: E402
from training.export.dequantisation import dequantised  # noqa: E402
from training.export.guided_backpropagation import guided_function, input_gradient  # noqa: E402
from training.export.tensorflow_lite import folded, to_float16  # noqa: E402
from training.models.architectures import CLASSIFIERS  # noqa: E402

TOLERANCE = 1e-4  # of the largest gradient
CLASSES = 7


def faces(frames: list[DemoFrame], size: int) -> NDArray[np.uint8]:
    """Return real faces u8 [N, S, S]."""
    return np.stack(
        [
            crop_face(frame.image, frame.faces[0].box, CropGeometry(1.2), size)
            for frame in frames[::5]
            if frame.faces
        ]
    )


def normalised(model: torch.nn.Module, pictures: NDArray[np.uint8]) -> torch.nn.Module:
    """Let batch normalisation see real pictures, so that maps are spread as after training."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.from_numpy(pictures[:, None].astype(np.float32) / 255))
    return model.eval()


def difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    assert np.abs(expected).max() > 0
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def reference(model: torch.nn.Module, face: NDArray[np.uint8], label: int) -> NDArray[np.float32]:
    image = torch.from_numpy(face[None, None].astype(np.float32) * np.float32(1 / 255))
    return input_gradient(model, image, torch.tensor([label]))[0, 0].numpy()


def exact(double: torch.nn.Module, face: NDArray[np.uint8], label: int) -> NDArray[np.float64]:
    """Return the gradient in double precision, whose input has other rounding errors, too."""
    image = torch.from_numpy(face[None, None] / 255)
    return input_gradient(double, image, torch.tensor([label]))[0, 0].numpy()


def assert_equal(differences: list[float], least: float = 0.75) -> None:
    """Demand equality on all but a few faces.

    Where a ReLU's input is zero, or two inputs of a maximum are equal, up to rounding, a gate
    opens or not by chance, and the gradient jumps.
    """
    assert len(differences) > 10
    assert np.median(differences) < TOLERANCE / 10
    assert np.mean(np.array(differences) < TOLERANCE) >= least
    assert max(differences) < 0.1


def test_guided_by_hand() -> None:
    """Of three paths one has a negative input, and one a negative gradient."""
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 1), torch.nn.ReLU(), torch.nn.Conv2d(3, 1, 1), torch.nn.Flatten()
    )
    with torch.no_grad():
        model[0].weight[:] = torch.tensor([2.0, -1.0, 3.0])[:, None, None, None]
        model[0].bias[:] = 0
        model[2].weight[:] = torch.tensor([5.0, 7.0, -4.0])[None, :, None, None]
    image = torch.tensor([[[[0.5]]]])
    # Only the first path is open in both directions.
    assert input_gradient(model, image, torch.tensor([0])).item() == 10
    assert input_gradient(model, -image, torch.tensor([0])).item() == -7


def test_hooks_are_gone() -> None:
    model = random_model('mini_residual', CLASSES)
    image = torch.rand(1, 1, 48, 48, requires_grad=True)
    (plain,) = torch.autograd.grad(model(image)[0, 0], image)
    guided = input_gradient(model, image.detach(), torch.tensor([0]))
    again = input_gradient(model, image.detach(), torch.tensor([0]), guided=False)
    assert torch.equal(plain, again)
    assert not torch.allclose(plain, guided)


@pytest.mark.parametrize('name', CLASSIFIERS)
@pytest.mark.parametrize('size', [48, 64])
def test_export_equals_pytorch(demo_frames: list[DemoFrame], name: str, size: int) -> None:
    pictures = faces(demo_frames, size)
    model = folded(normalised(random_model(name, CLASSES), pictures)).half().float()
    function = guided_function(model, size, CLASSES)
    network = Interpreter(model_content=to_float16(function))
    network.allocate_tensors()
    image, label = (entry['index'] for entry in network.get_input_details())
    logits, gradient = (entry['index'] for entry in network.get_output_details())
    double = copy.deepcopy(model).double()
    exported, by_hand = [], []
    for number, face in enumerate(pictures):
        chosen = number % CLASSES
        expected = reference(model, face, chosen)
        # PyTorch's own gradient depends on rounding in the others: with the kernels for AVX2, of
        # mini-Xception at 64 pixels in 15 of 40.
        if difference(exact(double, face, chosen), expected) > TOLERANCE:
            continue
        values = face[None, ..., None].astype(np.float32) * np.float32(1 / 255)
        one_hot = np.eye(CLASSES, dtype=np.float32)[chosen][None]
        answers, found = function(values, one_hot)
        by_hand.append(difference(found.numpy()[0, ..., 0], expected))
        network.set_tensor(image, values)
        network.set_tensor(label, one_hot)
        network.invoke()
        exported.append(difference(network.get_tensor(gradient)[0, ..., 0], expected))
        np.testing.assert_allclose(network.get_tensor(logits), answers.numpy(), atol=1e-3)
    assert_equal(by_hand, least=0.9)
    assert_equal(exported, least=0.9)


@pytest.mark.parametrize(
    'classifier',
    [sidecar for sidecar in available_models() if saliency_path(sidecar).exists()],
    ids=lambda sidecar: sidecar.name,
)
def test_bundled_saliency_equals_pytorch(
    demo_frames: list[DemoFrame], classifier: Sidecar
) -> None:
    saliency, model = Saliency(classifier), dequantised(classifier)
    assert_equal(
        [
            difference(saliency(face, label), reference(model, face, number))
            for face in faces(demo_frames, classifier.input.width)
            for number, label in enumerate(classifier.labels)
        ]
    )
