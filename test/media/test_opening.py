# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What an argument means, by its content."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from made_media import encoded, grey, write_video
import pytest

from face_affect.core.images import ImageError
from face_affect.media import live, MediaError, open_media, Stills, Video
from face_affect.media.files import bag_parts, is_bag

MCAP = b'\x89MCAP0\r\n' + bytes(100)
FORMATS = ('.jpg', '.png', '.bmp', '.webp', '.tiff', '.ppm', '.jp2')
# Suffixes that are right, wrong, unknown or missing
NAMES = st.text(
    st.characters(exclude_categories=('Cs',), exclude_characters='/\0'),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in ('.', '..') and len(name.encode()) < 200)


@pytest.mark.parametrize('suffix', FORMATS)
@pytest.mark.parametrize('name', ['p', 'p.jpe', 'p.jfif', 'p.gif', 'p.mp4', 'p.txt', '2024', '²'])
def test_a_picture_is_one_by_its_content(tmp_path: Path, suffix: str, name: str) -> None:
    (tmp_path / name).write_bytes(encoded(suffix, grey(90)))
    media = open_media(str(tmp_path / name))
    assert isinstance(media, Stills)
    (picture,) = media
    assert picture.name == name
    assert abs(float(picture.decode().mean()) - 90) < 2


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, kind=st.sampled_from(['picture', 'video', 'bag', 'noise', 'empty', 'zstd']))
def test_any_name_of_any_kind_is_opened_or_refused(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    source = write_video(tmp_path.parent / 'source.mp4', [grey(9)] * 2)
    content = {
        'picture': encoded('.png', grey(9)),
        'video': source.read_bytes(),
        'bag': MCAP,
        'noise': b'\x13\x37' * 50,
        'empty': b'',
        'zstd': b'\x28\xb5\x2f\xfd' + bytes(50),
    }[kind]
    path.write_bytes(content)
    try:
        if kind == 'picture' and path.suffix not in ('.mcap', '.db3', '.bag'):
            assert isinstance(open_media(str(path)), Stills)
        elif kind == 'video' and path.suffix not in ('.mcap', '.db3', '.bag'):
            assert isinstance(open_media(str(path)), Video)
        else:
            word = {'bag': 'face-affect bag', 'zstd': 'zstd -d'}.get(kind, '.')
            with pytest.raises(MediaError, match=word):
                open_media(str(path))
    finally:
        path.unlink()


def test_an_existing_path_goes_before_a_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path('2024').mkdir()
    Path('2024/a.jpg').write_bytes(encoded('.jpg', grey(5)))
    assert isinstance(open_media('2024'), Stills)
    with pytest.raises(MediaError, match='cannot open camera 98'):
        open_media('98')


@pytest.mark.parametrize(
    'source, reason',
    [
        ('', 'empty'),
        ('²', 'no such file'),
        ('no such.jpg', 'no such file'),
        ('/dev/null', 'neither a file nor a folder nor a camera'),
        ('pipe', 'neither a file nor a folder nor a camera'),
        ('album', 'no image in folder'),
        ('rec', 'use face-affect bag'),
        ('rec/rec_0.mcap', 'use face-affect bag'),
        ('disguised.mp4', 'use face-affect bag'),
        ('packed.mcap.zstd', 'zstd -d'),
        ('packed', 'no image in folder .* rec_0.mcap.zstd is compressed'),
    ],
)
def test_what_cannot_be_opened_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo('pipe')
    Path('album').mkdir()
    Path('album/notes.txt').write_text('no picture')
    Path('rec').mkdir()
    for name in ('rec/rec_0.mcap', 'disguised.mp4'):
        Path(name).write_bytes(MCAP)
    Path('packed').mkdir()
    for name in ('packed.mcap.zstd', 'packed/rec_0.mcap.zstd'):
        Path(name).write_bytes(b'\x28\xb5\x2f\xfd' + bytes(50))
    with pytest.raises(MediaError, match=reason):
        open_media(source)


def test_an_album_names_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / 'a.jfif').write_bytes(encoded('.jpg', grey(1)))
    (tmp_path / 'b').write_bytes(encoded('.png', grey(2)))
    (tmp_path / 'broken.jpg').write_bytes(b'\0\5\x16\7Mac OS X')
    (tmp_path / 'dangling.png').symlink_to('gone')
    (tmp_path / 'folder.jpg').mkdir()
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / '._hidden.jpg').write_bytes(b'\0\5\x16\7Mac OS X')
    (tmp_path / 'notes.txt').write_text('left out')
    found = {}
    for picture in open_media(str(tmp_path)):
        try:
            found[picture.name] = f'{float(picture.decode().mean()):.0f}'
        except ImageError as error:
            found[picture.name] = error.reason
            assert picture.name in str(error)
    assert found == {
        'a.jfif': '1',
        'b': '2',
        'broken.jpg': 'undecodable',
        'dangling.png': 'unreadable',
        'folder.jpg': 'unreadable',
        'pipe.jpg': 'unreadable',
    }


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b'/caf\xe9.jpg'))
    path.write_bytes(encoded('.jpg', grey(70)))
    for source in (path, tmp_path):
        (picture,) = open_media(str(source))
        assert round(float(picture.decode().mean())) == 70


@pytest.mark.parametrize(
    'names, parts',
    [
        (['old_1.mcap', 'old_0.mcap', 'old_10.mcap'], ['old_0.mcap', 'old_1.mcap', 'old_10.mcap']),
        (['old_0.db3', 'notes.txt', '._old_0.db3'], ['old_0.db3']),
        (['a_0.mcap', 'b_0.mcap'], []),
        (['a_0.mcap', 'a_0.db3'], []),
        (['monday.mcap', 'tuesday.mcap'], []),
        (['day_1.mcap', 'day_2.mcap'], []),
        (['a_0.mcap', 'other.mcap'], []),
    ],
)
def test_the_parts_of_a_split_bag_are_known_by_their_numbers(
    tmp_path: Path, names: list[str], parts: list[str]
) -> None:
    folder = tmp_path / 'renamed'
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(MCAP)
    assert [path.name for path in bag_parts(folder)] == parts
    assert is_bag(folder) is bool(parts)


class FakeCapture:
    """A camera that fails by a script: 'i' an image, '-' a failure, 'x' no connection."""

    script = ''

    def __init__(self, *_: object) -> None:
        self._open = not FakeCapture.script.startswith('x')
        if not self._open:
            FakeCapture.script = FakeCapture.script[1:]

    def isOpened(self) -> bool:
        return self._open

    def get(self, _: int) -> float:
        return 0.0

    def release(self) -> None:
        pass

    def read(self) -> tuple[bool, object]:
        if not self._open or not FakeCapture.script:
            return False, None
        step, FakeCapture.script = FakeCapture.script[0], FakeCapture.script[1:]
        return step == 'i', grey(1)


def test_a_live_source_goes_on_after_a_broken_image_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, '_capture', FakeCapture)
    FakeCapture.script = 'ii-i' + '-----' + 'xxi' + '-----'
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) == 4

    seen = ''
    reasons = []
    for picture in live.LiveCamera('http://camera', wait):
        try:
            picture.decode()
            seen += 'i'
        except ImageError as error:
            seen += '-'
            reasons.append(error.reason)
    assert seen == 'ii-i' + '-----' + '--' + 'i' + '-----'
    # Each lost connection is tried again later; an image sets the interval back.
    assert waits == [0.5, 1.0, 2.0, 0.5]
    assert reasons.count('lost') == 4


def test_a_live_source_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, '_capture', FakeCapture)
    monkeypatch.setattr(live, 'GIVE_UP', 0.0)
    FakeCapture.script = 'i'
    with pytest.raises(MediaError, match='no image from'):
        list(live.LiveCamera(3, lambda _: False))
