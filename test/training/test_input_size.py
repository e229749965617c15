# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

from demo_bag import DemoFrame
import pytest

pytest.importorskip('tensorflow', reason='the export needs TensorFlow')

import torch

from face_affect.core.detection import load_detector
from face_affect.core.models import find_detector, find_model
from training.export.input_size import with_input_size
from training.models.architectures import build
from training.tasks.face_detection import detector_size, TorchDetector

WEIGHTS = Path(__file__).parents[2] / 'training' / 'weights' / 'face_detector.pt'


def detector(width: int) -> bytes:
    return find_detector('face_detector', width).network_bytes()


@pytest.mark.parametrize('width', [480, 640])
def test_variants_are_exports_of_the_detector(width: int) -> None:
    assert with_input_size(detector(320), *detector_size(width)) == detector(width)


@pytest.mark.parametrize('width', [480, 640])
def test_variants_find_what_the_float_network_finds(
    demo_frames: list[DemoFrame], width: int
) -> None:
    model = build('face_detector')
    model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    image = demo_frames[100].image
    expected = TorchDetector(model, *detector_size(width))(image, 0.6)
    found = load_detector(find_detector('face_detector', width))(image, 0.6)
    assert len(found) == len(expected) == 3
    for one in found:
        best = max(expected, key=lambda other: one.box.iou(other.box))
        assert one.box.iou(best.box) > 0.9
        assert one.score == pytest.approx(best.score, abs=0.1)


def test_a_network_that_is_not_fully_convolutional() -> None:
    content = find_model('emotion_mini_residual', 'emotion').network_bytes()
    with pytest.raises(ValueError, match='cannot resize an activation of shape'):
        with_input_size(content, 96, 96)
