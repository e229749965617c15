# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_datasets import encoded

from training.data.faces import DatasetError
from training.data.scenes import load_scenes


def write_scenes(path: Path, count: int = 30, **changes: Any) -> Path:
    """Write ``count`` pictures of noise, of which each third has none, one and two faces."""
    rng = np.random.default_rng(0)
    faces = [i % 3 for i in range(count)]
    boxes = np.tile(np.array([[20, 10, 30, 40]], np.float32), (sum(faces), 1))
    values = {
        **encoded(rng.integers(0, 256, (60 + i % 5, 90, 3), dtype=np.uint8) for i in range(count)),
        'boxes': boxes,
        'landmarks': np.tile(np.float32([30, 20] * 5), (len(boxes), 1)),
        'ignore': np.zeros(len(boxes), bool),
        'box_offsets': np.cumsum([0, *faces]),
        'source': np.zeros(count, np.int16),
        'source_names': np.array(['here']),
        **changes,
    }
    np.savez(path, **{name: value for name, value in values.items() if value is not None})
    return path


def test_scenes_come_with_their_faces(tmp_path: Path) -> None:
    scenes = load_scenes(write_scenes(tmp_path / 'a.npz'))
    assert len(scenes) == 30
    assert [len(scene.boxes) for scene in scenes.scenes[:4]] == [0, 1, 2, 0]
    assert scenes.scenes[1].image.shape == (61, 90, 3)
    assert scenes.scenes[1].points.shape == (1, 5, 2)
    assert scenes.scenes[1].source == 'here'


def test_source_may_be_missing(tmp_path: Path) -> None:
    scenes = load_scenes(write_scenes(tmp_path / 'a.npz', source=None, source_names=None))
    assert scenes.scenes[0].source == ''


def test_split_is_a_partition(tmp_path: Path) -> None:
    scenes = load_scenes(write_scenes(tmp_path / 'a.npz', 100))
    fitted, held_out = scenes.split(False), scenes.split(True)
    assert len(fitted) + len(held_out) == 100
    assert 0 < len(held_out) < 30
    assert not set(fitted.keys) & set(held_out.keys)


@pytest.mark.parametrize('column', ['boxes', 'landmarks', 'ignore', 'box_offsets', 'encoded'])
def test_missing_column(tmp_path: Path, column: str) -> None:
    path = write_scenes(tmp_path / 'a.npz', **{column: None})
    with pytest.raises(DatasetError, match=column):
        load_scenes(path)


def test_broken_picture(tmp_path: Path) -> None:
    path = write_scenes(
        tmp_path / 'a.npz', 2, encoded=np.zeros(100, np.uint8), offsets=np.array([0, 50, 100])
    )
    with pytest.raises(DatasetError, match='cannot decode image 0'):
        load_scenes(path)


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / 'a.npz').write_text('nothing')
    with pytest.raises(DatasetError, match='not an npz'):
        load_scenes(tmp_path / 'a.npz')
