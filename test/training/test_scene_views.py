# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from face_affect.core.detection import Letterbox  # noqa: E402
from face_affect.core.detection_head import AnchorPoints  # noqa: E402
from training.data.detection_targets import assign  # noqa: E402
from training.data.scene_views import SceneAugmentation, SceneViews  # noqa: E402
from training.data.scenes import Scene, SceneSet  # noqa: E402
from training.models.losses import detection_loss, focal_loss, joined  # noqa: E402

SIZE = (320, 240)
PLAIN = SceneAugmentation(colour=0, gray=0, dark=0, blur=0, noise=0, jpeg=0)


def dotted_scene() -> Scene:
    """Return a scene whose five landmarks are dots of five colours on black."""
    image = np.zeros((300, 400, 3), np.uint8)
    points = np.array([[(170, 120), (230, 120), (200, 150), (180, 180), (220, 180)]], np.float32)
    for (x, y), level in zip(points[0], (60, 100, 140, 180, 220)):
        cv2.circle(image, (int(x), int(y)), 6, (0, level, 0), -1)
    return Scene(image, np.array([[150, 90, 100, 120]], np.float32), points, np.zeros(1, bool))


@pytest.mark.parametrize('seed', range(30))
def test_landmarks_and_box_move_with_the_picture(seed: int) -> None:
    augmentation = replace(PLAIN, smallest=60, largest=150)
    view = augmentation.view(dotted_scene(), *SIZE, np.random.default_rng(seed))
    if not len(view.boxes) or view.ignore[0]:
        return
    x, y, width, height = view.boxes[0]
    levels = []
    for px, py in view.points[0]:
        if 2 <= px < SIZE[0] - 2 and 2 <= py < SIZE[1] - 2:
            levels.append(int(view.image[int(py), int(px), 1]))
            assert x - 0.25 * width <= px <= x + 1.25 * width
            assert y - 0.25 * height <= py <= y + 1.25 * height
    # A mirror image has right and left exchanged, so that the right eye stays on the left.
    assert view.points[0, 0, 0] < view.points[0, 1, 0]
    assert all(level > 20 for level in levels)


def test_half_a_face_is_ignored_and_less_is_gone() -> None:
    scene = dotted_scene()
    for seed in range(200):
        view = PLAIN.view(scene, *SIZE, np.random.default_rng(seed))
        for (x, y, width, height), ignore in zip(view.boxes, view.ignore):
            shown = (min(x + width, SIZE[0]) - max(x, 0)) * (min(y + height, SIZE[1]) - max(y, 0))
            assert ignore == (shown / (width * height) < 0.55)


@pytest.mark.parametrize('size', [12, 60, 200, 240])
def test_no_more_than_half_of_the_face_is_cut_off(size: int) -> None:
    augmentation = replace(PLAIN, smallest=size, largest=size, whole=0, rotation=0)
    cut = 0
    for seed in range(100):
        view = augmentation.view(dotted_scene(), *SIZE, np.random.default_rng(seed))
        ((x, y, width, height),) = view.boxes
        for start, length, side in ((x, width, SIZE[0]), (y, height, SIZE[1])):
            assert min(start + length, side) - max(start, 0) >= 0.5 * length
            cut += start < 0 or start + length > side
    assert cut > 0


@pytest.mark.parametrize(
    'first, second, levels',
    [(0, 0, {100}), (1, 0, {0}), (0, 1, {200}), (0.5, 0.5, {0, 200}), (0.3, 0.3, {0, 100, 200})],
)
def test_extra_scenes_take_the_place_of_others(
    first: float, second: float, levels: set[int]
) -> None:
    def plain(level: int) -> SceneSet:
        scene = replace(dotted_scene(), image=np.full((300, 400, 3), level, np.uint8))
        return SceneSet([scene] * 30, np.zeros(30, np.uint32))

    views = SceneViews(
        plain(100),
        SceneAugmentation(),
        AnchorPoints(*SIZE, (8, 16, 32)),
        SIZE,
        1,
        0,
        [(plain(0), first), (plain(200), second)],
    )
    drawn = {int(views.drawn(row, np.random.default_rng(row)).image[0, 0, 0]) for row in range(30)}
    assert drawn == levels


def test_views_are_repeatable_and_differ_by_epoch() -> None:
    scenes = SceneSet([dotted_scene()] * 4, np.zeros(4, np.uint32))
    cells = AnchorPoints(*SIZE, (8, 16, 32))

    def views(epoch: int) -> SceneViews:
        return SceneViews(scenes, SceneAugmentation(), cells, SIZE, 1, epoch)

    for first, second in zip(views(0)[2], views(0)[2]):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(views(0)[2][0], views(1)[2][0])
    image, heat, counts, code = views(0)[3]
    assert image.shape == (240, 320, 3)
    assert heat.shape == counts.shape == (len(cells),)
    assert code.shape == (len(cells), 14)


def test_loss_falls_to_nothing_with_the_right_answers() -> None:
    cells = AnchorPoints(*SIZE, (8, 16, 32))
    scene = dotted_scene()
    targets = assign(cells, scene.boxes, scene.points, scene.ignore)
    heat, counts, code = (
        torch.from_numpy(part[None]) for part in (targets.heat, targets.counts, targets.code)
    )

    def maps(logits: np.ndarray, numbers: np.ndarray) -> list[torch.Tensor]:
        parts, start = [], 0
        for rows, columns in cells.shapes:
            stop = start + rows * columns
            for values in (
                logits[start:stop, None],
                numbers[start:stop, :4],
                numbers[start:stop, 4:],
            ):
                parts.append(
                    torch.from_numpy(
                        np.ascontiguousarray(
                            values.T.reshape(1, -1, rows, columns).astype(np.float32)
                        )
                    )
                )
            start = stop
        return parts

    right = maps(np.where(targets.heat == 1, 20, -20), targets.code)
    _, numbers = joined(right)
    np.testing.assert_array_equal(numbers[0].numpy(), targets.code)
    assert detection_loss(right, heat, counts, code).item() < 1e-3
    blind = maps(np.full(len(cells), -20), targets.code)
    displaced = maps(np.where(targets.heat == 1, 20, -20), targets.code + 0.5)
    assert detection_loss(blind, heat, counts, code).item() > 5
    assert detection_loss(displaced, heat, counts, code).item() > 1


def test_focal_loss_is_the_formulas() -> None:
    logits, heat = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.5]])
    p = 1 / (1 + np.exp(-2))
    expected = -0.25 * np.log(0.5) - 0.5**4 * p**2 * np.log(1 - p)
    found = focal_loss(logits, heat, torch.ones(1, 2, dtype=torch.bool)).item()
    assert found == pytest.approx(expected, rel=1e-5)
    assert focal_loss(logits, heat, torch.zeros(1, 2, dtype=torch.bool)).item() == 0


def test_plain_views_are_what_the_robot_sees() -> None:
    scene = dotted_scene()
    scenes = SceneSet([scene] * 12, np.zeros(12, np.uint32))
    views = SceneViews(
        scenes,
        SceneAugmentation(plain=1.0),
        AnchorPoints(*SIZE, (8, 16, 32)),
        SIZE,
        seed=1,
        epoch=0,
    )
    seen = Letterbox(*SIZE)(scene.image)[..., ::-1]
    mirrored = 0
    for row in range(len(views)):
        view = views.scene(row)
        flipped = not np.array_equal(view.image, seen)
        mirrored += flipped
        np.testing.assert_array_equal(view.image, seen[:, ::-1] if flipped else seen)
        ((x, y, width, height),) = view.boxes
        assert (width, height) == pytest.approx((80, 96))
        assert (x, y) == pytest.approx((SIZE[0] - 120 - 80 if flipped else 120, 72))
        levels = [view.image[int(py), int(px), 1] for px, py in view.points[0]]
        assert levels == pytest.approx(
            [100, 60, 140, 220, 180] if flipped else [60, 100, 140, 180, 220], abs=25
        )
    assert 0 < mirrored < len(views)
