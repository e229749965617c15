# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path

from made_media import grey
import numpy as np
import pytest

from face_affect.core.stamps import SECOND
from face_affect.media import MediaError, open_media
from face_affect.media.writer import VideoFile


def written(path: Path, stamps: list[int], width: int = 64, height: int = 48) -> list[int]:
    """Write grey frames at ``stamps``; return the stamps that are read again."""
    with VideoFile(path) as video:
        for index, stamp in enumerate(stamps):
            video.write(grey(60 + 20 * index, width, height), stamp)
    pictures = list(open_media(str(path)))
    for index, picture in enumerate(pictures):
        image = picture.decode()
        assert image.shape == (height, width, 3)
        assert np.abs(image.astype(int) - (60 + 20 * index)).max() <= 8
    return [picture.stamp for picture in pictures]


@pytest.mark.parametrize('suffix', ['.mp4', '.MP4', '.mov', '.mkv'])
def test_each_frame_keeps_its_time(tmp_path: Path, suffix: str) -> None:
    stamps = [0, SECOND // 30, SECOND, 4 * SECOND, 4 * SECOND + SECOND // 50]
    found = written(tmp_path / f'video{suffix}', stamps)
    # Matroska has milliseconds.
    assert found == pytest.approx(stamps, abs=1e6 if suffix == '.mkv' else 2e4)


def test_a_video_starts_with_its_first_frame(tmp_path: Path) -> None:
    assert written(tmp_path / 'late.mp4', [5 * SECOND, 6 * SECOND]) == [0, SECOND]


def test_a_time_that_stands_still_or_steps_back_is_the_next_tick(tmp_path: Path) -> None:
    found = written(tmp_path / 'steps.mp4', [0, SECOND, SECOND, SECOND // 2, 2 * SECOND])
    assert found == pytest.approx(
        [0, SECOND, SECOND + 16667, SECOND + 33333, 2 * SECOND], abs=1000
    )


def test_odd_sizes(tmp_path: Path) -> None:
    assert len(written(tmp_path / 'odd.mp4', [0, SECOND], 63, 47)) == 2


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b'/caf\xe9.mp4'))
    assert written(path, [0, SECOND]) == [0, SECOND]


@pytest.mark.parametrize('name', ['out.avi', 'out.txt', 'out.gif'])
def test_a_container_without_times_is_refused(tmp_path: Path, name: str) -> None:
    video = VideoFile(tmp_path / name)
    with pytest.raises(MediaError, match=f'{name}: the suffix is .* one of .mp4, .mov, .mkv'):
        video.__enter__()
    assert not (tmp_path / name).exists()


def test_an_error_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / 'out.mp4'
    path.write_bytes(b'former')
    with pytest.raises(ZeroDivisionError), VideoFile(path) as video:
        video.write(grey(9), 0)
        raise ZeroDivisionError
    assert path.read_bytes() == b'former'
    assert sorted(tmp_path.iterdir()) == [path]
