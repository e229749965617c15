# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Augmentation of a whole batch on the device of the images.

The distribution of the views is that of ``training.data.augmentation``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.data.augmentation import Augmentation

Views = dict[int, Tensor]


def random_views(images: Tensor, augmentation: Augmentation, sizes: set[int]) -> Views:
    """Return the same augmented view of each image in several sizes.

    ``images`` u8 [B, 1, S, S]; the views, by size, are f32 [B, 1, size, size] in 0..1. Only the
    pixel noise differs between sizes.
    """
    count, device = len(images), images.device
    pictures = images.float() / 255
    matrices = _matrices(count, augmentation, device)
    light = _uniform(count, 1 - augmentation.contrast, 1 + augmentation.contrast, device)
    offset = _uniform(count, -augmentation.brightness, augmentation.brightness, device)
    patch = _patches(count, augmentation.erase, device)
    part = 1 / 3 + 2 / 3 * float(torch.rand(()))  # relative resolution of blurred views
    blurred = torch.rand(count, 1, 1, 1, device=device) < augmentation.blur
    noisy = torch.rand(count, 1, 1, 1, device=device) < augmentation.noise
    sigma = noisy * _uniform(count, 0, 0.08, device)
    views = {}
    for size in sizes:
        grid = functional.affine_grid(matrices, [count, 1, size, size], align_corners=False)
        view = functional.grid_sample(
            pictures, grid, 'bilinear', padding_mode='border', align_corners=False
        )
        if augmentation.blur:
            view = torch.where(blurred, _blurred(view, part), view)
        if augmentation.noise:
            view = view + sigma * torch.randn_like(view)
        view = _erased(view, *patch)
        mean = view.mean((2, 3), keepdim=True)
        views[size] = ((view - mean) * light + mean + offset).clamp(0, 1)
    return views


def _uniform(count: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.empty(count, 1, 1, 1, device=device).uniform_(low, high)


def _matrices(count: int, augmentation: Augmentation, device: torch.device) -> Tensor:
    """Return matrices f32 [B, 2, 3] from view to image coordinates, both -1..1."""
    draws = torch.empty(5, count, device=device).uniform_(-1, 1)
    angle = torch.deg2rad(draws[0] * augmentation.rotation)
    zoom = torch.exp(draws[1] * augmentation.scale)
    x, y = 2 * augmentation.shift * draws[2:4]
    mirror = torch.where(draws[4] > 0, 1.0, -1.0)
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    return torch.stack(
        [
            torch.stack([mirror * cosine, mirror * -sine, x], 1),
            torch.stack([sine, cosine, y], 1),
        ],
        1,
    )


def _blurred(view: Tensor, part: float) -> Tensor:
    """Return ``view`` downsampled to ``part`` of its size and upsampled again."""
    size = view.shape[-1]
    small = max(4, round(part * size))
    shrunk = functional.interpolate(view, (small, small), mode='bilinear', antialias=True)
    return functional.interpolate(shrunk, (size, size), mode='bilinear')


def _patches(count: int, chance: float, device: torch.device) -> tuple[Tensor, ...]:
    """Return left, top, right, bottom and gray level in 0..1 of each patch, and if it is used."""
    width, height = (_uniform(count, 1 / 8, 1 / 3, device) for _ in range(2))
    left = torch.rand_like(width) * (1 - width)
    top = torch.rand_like(height) * (1 - height)
    hit = torch.rand_like(width) < chance
    return left, top, left + width, top + height, torch.rand_like(width), hit


def _erased(
    view: Tensor,
    left: Tensor,
    top: Tensor,
    right: Tensor,
    bottom: Tensor,
    gray: Tensor,
    hit: Tensor,
) -> Tensor:
    centres = (torch.arange(view.shape[-1], device=view.device) + 0.5) / view.shape[-1]
    x, y = centres.view(1, 1, 1, -1), centres.view(1, 1, -1, 1)
    inside = hit & (x >= left) & (x < right) & (y >= top) & (y < bottom)
    return torch.where(inside, gray, view)
