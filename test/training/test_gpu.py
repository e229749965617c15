# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from test_datasets import encoded, write_fer

torch = pytest.importorskip('torch', reason='training needs PyTorch')

from training.data.archives import load_archive  # noqa: E402
from training.data.augmentation import Augmentation  # noqa: E402
from training.data.faces import training_part, validation_part  # noqa: E402
from training.gpu.pack import main as pack  # noqa: E402
from training.gpu.train import fastest_format, Group  # noqa: E402
from training.gpu.views import random_views  # noqa: E402
from training.models.architectures import build  # noqa: E402
from training.recipe import Head, Recipe, RecipeError  # noqa: E402

STILL = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)
CPU = torch.device('cpu')
HEADS = {'votes': Head(votes=1.0, weight=0.7), 'original': Head()}


def recipe(architecture: str, **changes: Any) -> Recipe:
    return Recipe(
        **{
            'name': f'made_{architecture}',
            'task': 'emotion',
            'architecture': architecture,
            'data': 'fer.npz',
            'data_licence': 'made up',
            'heads': HEADS,
            'input_size': 48,
            'batch': 8,
            'minutes': 600.0,
            'averaging': 0.5,
            **changes,
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_fer(tmp_path / 'fer.npz', 60, ferplus_votes=np.full((60, 10), 1, np.uint8))
    return tmp_path


class TestViews:
    def test_without_changes_a_view_is_the_picture_or_its_mirror(self) -> None:
        torch.manual_seed(0)
        images = torch.randint(0, 256, (16, 1, 48, 48), dtype=torch.uint8)
        view = random_views(images, STILL, {48})[48]
        truth = images.float() / 255
        straight = (view - truth).abs().amax((1, 2, 3)) < 1e-5
        mirrored = (view - truth.flip(3)).abs().amax((1, 2, 3)) < 1e-5
        assert (straight | mirrored).all()
        assert straight.any() and mirrored.any()

    def test_of_all_sizes_are_the_same_view(self) -> None:
        torch.manual_seed(1)
        small = np.random.default_rng(0).integers(0, 256, (8, 6, 6), dtype=np.uint8)
        smooth = [cv2.resize(image, (64, 64), interpolation=cv2.INTER_CUBIC) for image in small]
        images = torch.from_numpy(np.stack(smooth))[:, None]
        views = random_views(images, replace(Augmentation(), blur=0, noise=0, erase=0), {48, 64})
        shrunk = torch.nn.functional.interpolate(
            views[64], (48, 48), mode='bilinear', antialias=True
        )
        assert (shrunk - views[48]).abs().mean() < 0.02

    def test_turned_by_the_angle_that_opencv_turns_by(self) -> None:
        """A bright spot that is turned about the middle stays at its distance."""
        torch.manual_seed(2)
        images = torch.zeros(32, 1, 49, 49, dtype=torch.uint8)
        images[:, :, 23:26, 39:42] = 255  # 16 pixels right of the middle
        views = random_views(images, replace(STILL, rotation=90), {49})[49]
        rows, columns = (
            views.flatten(1).argmax(1) // 49 - 24,
            views.flatten(1).argmax(1) % 49 - 24,
        )
        distance = torch.hypot(rows.float(), columns.float())
        assert ((distance - 16).abs() < 2).all()
        assert rows.min() < -8 and rows.max() > 8

    def test_shifted_and_lit_within_bounds(self) -> None:
        torch.manual_seed(3)
        images = torch.full((64, 1, 48, 48), 128, dtype=torch.uint8)
        views = random_views(images, replace(STILL, brightness=0.2), {48})[48]
        means = views.mean((1, 2, 3))
        assert 0.29 < means.min() < 0.4 < 0.6 < means.max() < 0.71
        assert views.std((1, 2, 3)).max() < 1e-5

    def test_erases_one_patch_in_the_chosen_part(self) -> None:
        torch.manual_seed(4)
        images = torch.full((400, 1, 48, 48), 255, dtype=torch.uint8)
        views = random_views(images, replace(STILL, erase=0.25), {48})[48]
        hit = (views < 0.999).flatten(1).any(1)
        assert 0.17 < hit.float().mean() < 0.33
        side = (views[hit] < 0.999).float().sum((1, 2, 3)).sqrt()
        assert (side >= 48 / 8 - 1).all() and (side <= 48 / 3 + 1).all()


class TestPack:
    def test_the_split_stays_and_test_rows_go(self, data: Path) -> None:
        write_fer(data / 'fer.npz', 300, usage=np.array([0] * 200 + [1] * 100))
        out = data / 'packed'
        assert run_pack(['fer.npz', '--data', data, '--out', out, '--held-out', 5]) == 0
        whole, part = load_archive(data / 'fer.npz'), load_archive(out / 'fer.npz')
        assert set(part.groups['usage']) == {'Training'}
        assert len(training_part(part)) == len(training_part(whole))
        assert (training_part(part).keys == training_part(whole).keys).all()
        assert (training_part(part).labels == training_part(whole).labels).all()
        assert len(validation_part(part)) == 5
        assert set(validation_part(part).keys) <= set(validation_part(whole).keys)

    def test_lossless_pictures_shrink_and_look_alike(self, data: Path) -> None:
        out = data / 'packed'
        smooth = [np.full((48, 48), 50 + i, np.uint8) for i in range(60)]
        write_fer(data / 'fer.npz', 60, **encoded(smooth))
        assert run_pack(['fer.npz', '--data', data, '--out', out]) == 0
        images = load_archive(out / 'fer.npz').images
        assert abs(images[:, 24, 24].astype(int) - [50 + i for i in range(60)]).max() <= 3

    def test_a_missing_file_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run_pack(['none.npz', '--data', tmp_path, '--out', tmp_path / 'out']) == 2
        assert 'none.npz' in capsys.readouterr().err


def run_pack(arguments: list[Any]) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('sys.argv', ['pack', *map(str, arguments)])
        return pack()


class TestGroup:
    def test_pupils_learn_on_the_same_views_and_are_saved(self, data: Path) -> None:
        runs = data / 'runs'
        pupils = [recipe('mini_residual'), recipe('mini_xception', input_size=64)]
        group = Group(pupils, data, runs, CPU)
        group.fit(most_steps=2)
        group.save(half=True)
        for pupil in pupils:
            weights = torch.load(runs / pupil.name / 'weights.pt', weights_only=True)
            network = build(pupil.architecture, 14)
            fresh = {name: value.clone() for name, value in network.state_dict().items()}
            network.load_state_dict(weights)
            assert any(
                not torch.equal(value, fresh[name]) for name, value in network.state_dict().items()
            )
            curves = (runs / pupil.name / 'curves.csv').read_text().splitlines()
            assert curves[0].startswith('epoch,minutes,loss,val_loss_votes,val_accuracy_votes')
            assert len(curves) == 2

    def test_steps_lower_the_loss(self, data: Path) -> None:
        """Half of the pictures white and happy, half black and sad: learnt in a few steps."""
        pictures = [np.full((48, 48), 150 * (i % 2) + i // 2, np.uint8) for i in range(200)]
        write_fer(data / 'fer.npz', 200, **encoded(pictures), labels=np.array([3, 4] * 100))
        one = recipe('mini_residual', heads={'labels': Head()}, augmentation=STILL, batch=16)
        group = Group([one], data, data / 'runs', CPU)
        rows = torch.arange(16)
        losses = [float(group._step(rows, 0.3)) for _ in range(12)]
        assert losses[-1] < 0.5 * losses[0]

    def test_a_format_is_chosen_without_a_trace_in_the_network(self) -> None:
        network = build('mini_residual', 7)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        layout = fastest_format(network, 4, 48)
        assert layout in (torch.channels_last, torch.contiguous_format)
        assert all(
            torch.equal(value, before[name]) for name, value in network.state_dict().items()
        )

    @pytest.mark.parametrize('key, value', [('batch', 4), ('heads', {'labels': Head()})])
    def test_recipes_that_differ_are_refused(self, data: Path, key: str, value: Any) -> None:
        pupils = [recipe('mini_residual'), recipe('residual', **{key: value})]
        with pytest.raises(RecipeError, match=f'made_residual: {key} differs'):
            Group(pupils, data, data / 'runs', CPU)

    def test_an_average_is_refused(self, data: Path) -> None:
        with pytest.raises(RecipeError, match='made_residual: nothing to train'):
            Group([recipe('residual', average_of={'a': 1.0})], data, data / 'runs', CPU)
