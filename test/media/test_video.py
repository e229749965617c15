# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Video files: timestamps, broken frames, and files that are not videos."""

from __future__ import annotations

import os
from pathlib import Path
import struct

from made_media import encoded, grey, write_mjpeg, write_video
import numpy as np
import pytest

from face_affect.core.images import ImageError
from face_affect.media import MediaError, open_media, Stills, Video

MS = 1_000_000
# 30 images a second, then 2, as a phone records in the dark
PHONE = [33 * i for i in range(10)] + [330 + 500 * i for i in range(10)]


def levels(video: Video) -> list[float]:
    """Return the mean grey of each frame."""
    return [float(picture.decode().mean()) for picture in video]


@pytest.mark.parametrize('name', ['phone.mkv', 'phone.mp4'])
def test_frames_have_the_containers_time(tmp_path: Path, name: str) -> None:
    images = [grey(10 * i) for i in range(len(PHONE))]
    video = open_media(str(write_video(tmp_path / name, images, PHONE)))
    assert isinstance(video, Video) and not video.live
    assert [round(picture.stamp / MS) for picture in video] == PHONE
    assert levels(video) == pytest.approx([10 * i for i in range(len(PHONE))], abs=8)


def test_time_begins_at_zero(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'late.mkv', [grey(9)] * 3, [5000, 5040, 5120])
    assert [picture.stamp // MS for picture in Video(path)] == [0, 40, 120]


def test_a_broken_frame_is_told_from_the_end(tmp_path: Path) -> None:
    images = [grey(10 * i) for i in range(10)]
    video = Video(write_mjpeg(tmp_path / 'broken.avi', images, [4]))
    assert len(video) == 10
    pictures = list(video)
    assert len(pictures) == 10
    with pytest.raises(ImageError, match='cannot decode a frame') as caught:
        pictures[4].decode()
    assert caught.value.reason == 'undecodable'
    good = [round(float(pictures[i].decode().mean()) / 10) for i in range(10) if i != 4]
    assert good == [i for i in range(10) if i != 4]
    assert [round(picture.stamp / MS) for picture in pictures] == [40 * i for i in range(10)]


def test_a_cut_off_video_gives_what_is_there(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 240, 320, 3), dtype=np.uint8)
    path = write_mjpeg(tmp_path / 'cut.avi', list(noise))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    video = Video(path)
    assert len(video) == 20
    assert 5 < len(list(video)) < 15


@pytest.mark.parametrize(
    'matrix, shape',
    [((0, 1, -1, 0), (64, 48)), ((-1, 0, 0, -1), (48, 64)), ((0, -1, 1, 0), (64, 48))],
)
def test_a_phones_rotation_is_applied(
    tmp_path: Path, matrix: tuple[int, ...], shape: tuple[int, int]
) -> None:
    image = grey(20)
    image[:24] = 200  # the upper half is bright
    path = write_video(tmp_path / 'phone.mp4', [image] * 3)
    data = bytearray(path.read_bytes())
    place = data.index(b'tkhd') + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into('>9i', data, place, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    found = next(iter(Video(path))).decode()
    assert found.shape[:2] == shape
    bright = {
        'top': found[:8].mean(),
        'bottom': found[-8:].mean(),
        'left': found[:, :8].mean(),
        'right': found[:, -8:].mean(),
    }
    side = {(0, 1, -1, 0): 'right', (-1, 0, 0, -1): 'bottom', (0, -1, 1, 0): 'left'}[matrix]
    assert max(bright, key=lambda name: bright[name]) == side


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b'/v\xe9.mp4'))
    write_video(tmp_path / 'v.mp4', [grey(50)] * 3).rename(path)
    assert len(levels(Video(path))) == 3


@pytest.mark.parametrize(
    'content',
    [
        b'ffconcat version 1.0\nfile video.mp4\n',
        b'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nvideo.mp4\n',
        b'some text\n' * 100,
        b'\x1b[31mterminal art\n' * 10,
        bytes(1000),
    ],
)
def test_text_and_playlists_are_not_videos(tmp_path: Path, content: bytes) -> None:
    write_video(tmp_path / 'video.mp4', [grey(50)] * 3)
    path = tmp_path / 'list.txt'
    path.write_bytes(content)
    with pytest.raises(MediaError, match='cannot open video'):
        Video(path)
    with pytest.raises(MediaError, match=r'neither an image .* nor a video'):
        open_media(str(path))


@pytest.mark.parametrize('name', ['one.mp4', 'one.mkv', 'one.avi'])
def test_a_video_of_one_frame_is_a_still(tmp_path: Path, name: str) -> None:
    media = open_media(str(write_video(tmp_path / name, [grey(80)])))
    assert isinstance(media, Stills) and not media.moving
    (picture,) = media
    assert abs(float(picture.decode().mean()) - 80) < 3


def test_a_gif_of_several_frames_is_a_video(tmp_path: Path) -> None:
    PIL = pytest.importorskip('PIL.Image')
    frames = [PIL.fromarray(np.full((48, 64), 40 * i, np.uint8)) for i in range(1, 5)]
    path = tmp_path / 'moving'
    frames[0].save(
        path, 'GIF', save_all=True, append_images=frames[1:], duration=[100, 500, 100, 100]
    )
    media = open_media(str(path))
    assert isinstance(media, Video)
    assert [round(picture.stamp / MS) for picture in media] == [0, 100, 600, 700]
    frames[0].save(path, 'GIF')
    still = open_media(str(path))
    assert isinstance(still, Stills)
    assert abs(float(next(iter(still)).decode().mean()) - 40) < 3


def test_a_picture_is_not_a_video(tmp_path: Path) -> None:
    (tmp_path / 'p.png').write_bytes(encoded('.png', grey(3)))
    with pytest.raises(MediaError, match='cannot open video'):
        Video(tmp_path / 'p.png')
