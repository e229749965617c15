# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Loss functions.

Classifiers: cross-entropy with soft targets. Detectors: focal loss for scores, smooth L1 for
boxes and points.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from face_affect.core.detection_head import BOX

# Landmark labels are the noisiest; a larger weight impairs scores and boxes.
BOX_WEIGHT, POINTS_WEIGHT = 0.7, 0.25
# beta of smooth L1: of boxes in strides and octaves, of landmarks in face sizes
BOX_BEND, POINTS_BEND = 0.1, 0.02
# Minimum heat of cells with a regression loss
BELL_CORE = 0.3


def joined(maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return logits f32 [B, N] and code f32 [B, N, 14] in the order of ``AnchorPoints``."""
    rows = [part.flatten(2).transpose(1, 2) for part in maps]
    logits = torch.cat(rows[0::3], 1)[..., 0]
    code = torch.cat([torch.cat(rows[1::3], 1), torch.cat(rows[2::3], 1)], 2)
    return logits.float(), code.float()


def focal_loss(logits: Tensor, heat: Tensor, counts: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss of CenterNet (Zhou et al. 2019), summed.

    ``logits`` and ``heat`` [B, N]; cells where ``counts`` is False have no loss.
    """
    score = torch.sigmoid(logits)
    hit = -((1 - score) ** 2) * functional.logsigmoid(logits)
    miss = -((1 - heat) ** 4) * score**2 * functional.logsigmoid(-logits)
    return (torch.where(heat == 1, hit, miss) * counts).sum()


def detection_loss(maps: Sequence[Tensor], heat: Tensor, counts: Tensor, code: Tensor) -> Tensor:
    """Return the mean loss per face of a detector's ``maps`` for ``Targets``."""
    logits, found = joined(maps)
    faces = (heat == 1).sum().clamp(min=1)
    core = heat > BELL_CORE
    weight = heat[core][:, None]
    box = functional.smooth_l1_loss(
        found[core][:, :BOX], code[core][:, :BOX], beta=BOX_BEND, reduction='none'
    )
    points = functional.smooth_l1_loss(
        found[core][:, BOX:], code[core][:, BOX:], beta=POINTS_BEND, reduction='none'
    )
    regression = BOX_WEIGHT * (box * weight).sum() + POINTS_WEIGHT * (points * weight).sum()
    return focal_loss(logits, heat, counts) / faces + regression / weight.sum().clamp(min=1)


def soft_cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    """Return the mean cross-entropy of ``logits`` [B, C] with the distributions ``targets``.

    A row of zeros in ``targets`` [B, C] has no loss, also with ``label_smoothing`` 0..1.
    """
    total = targets.sum(1, keepdim=True)
    smooth = targets * (1 - label_smoothing) + total * label_smoothing / targets.shape[1]
    return -(smooth * functional.log_softmax(logits.float(), 1)).sum(1).mean()
