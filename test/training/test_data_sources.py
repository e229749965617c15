# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest
from test_datasets import noise

from face_affect.core.faces import EMOTIONS, GENDERS
from training.data.faces import DatasetError, training_part, validation_part
from training.data.loading import load_faces

HEADER = 'emotion,pixels,Usage'


def pixels(image: NDArray[np.uint8]) -> str:
    return ' '.join(map(str, image.ravel()))


def write_csv(path: Path, rows: list[tuple[object, str, str]]) -> Path:
    with path.open('w', newline='') as lines:
        csv.writer(lines).writerows([HEADER.split(','), *rows])
    return path


class TestFer2013Csv:
    def test_pictures_labels_and_usage(self, tmp_path: Path) -> None:
        images = noise(4)
        images[3] = images[0]
        usage = ('Training', 'PublicTest', 'PrivateTest', 'PublicTest')
        path = write_csv(
            tmp_path / 'fer2013.csv',
            [
                (label, pixels(image), use)
                for label, image, use in zip((0, 6, 3, 0), images, usage)
            ],
        )
        faces = load_faces(path)
        np.testing.assert_array_equal(faces.images, images)
        assert (faces.task, faces.label_names) == ('emotion', EMOTIONS)
        assert faces.labels.tolist() == [0, 6, 3, 0]
        assert faces.groups['usage'].tolist() == list(usage)
        assert [name.startswith('copy') for name in faces.groups['copy']] == [
            False,
            False,
            False,
            True,
        ]

    def test_parts(self, tmp_path: Path) -> None:
        rows = [
            (0, pixels(image), 'Training' if i % 2 else 'PublicTest')
            for i, image in enumerate(noise(80))
        ]
        faces = load_faces(write_csv(tmp_path / 'fer2013.csv', rows))
        fitted, held_out = training_part(faces), validation_part(faces)
        assert len(fitted) + len(held_out) == 40
        assert 0 < len(held_out) < len(fitted)

    def test_columns_in_another_order(self, tmp_path: Path) -> None:
        (image,) = noise(1)
        path = tmp_path / 'fer2013.csv'
        path.write_text(f'Usage,emotion,more,pixels\nTraining,5,x,{pixels(image)}\n')
        faces = load_faces(path)
        np.testing.assert_array_equal(faces.images[0], image)
        assert faces.labels.tolist() == [5]

    @pytest.mark.parametrize(
        'text, reason',
        [
            ('', "must include 'emotion'"),
            ('emotion,Usage\n0,Training\n', "must include 'pixels'"),
            (HEADER, 'has no rows'),
            (f'{HEADER}\n7,{pixels(noise(1)[0])},Training\n', "line 2: emotion is '7'"),
            (f'{HEADER}\n,{pixels(noise(1)[0])},Training\n', "line 2: emotion is ''"),
            (f'{HEADER}\n0,{pixels(noise(1)[0])},Trial\n', "line 2: Usage is 'Trial'"),
            (f'{HEADER}\n0,{pixels(noise(1)[0])}\n', 'line 2: Usage is None'),
            (f'{HEADER}\n0,,Training\n', 'line 2: image has 0 pixels, but must have 2304'),
            (f'{HEADER}\n0,{pixels(noise(1)[0][1:])},Training\n', 'image has 2256 pixels'),
            (
                f'{HEADER}\n0,{"256 " * 2304},Training\n',
                "line 2: pixel is '256', but must be from 0",
            ),
            (f'{HEADER}\n0,{"-1 " * 2304},Training\n', 'line 2: pixel is .* must be from 0'),
            (f'{HEADER}\n0,{"x " * 2304},Training\n', 'line 2: pixel is .* must be from 0'),
            (f'{HEADER}\n0,{"9" * 30},Training\n', 'line 2: pixel is .* must be from 0'),
        ],
    )
    def test_wrong_form(self, tmp_path: Path, text: str, reason: str) -> None:
        (tmp_path / 'x.csv').write_text(text)
        with pytest.raises(DatasetError, match=reason):
            load_faces(tmp_path / 'x.csv')

    @pytest.mark.parametrize('content', [b'emotion,pixels,Usage\n\xff\xfe,', b'\xff' * 100])
    def test_no_text(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / 'x.csv').write_bytes(content)
        with pytest.raises(DatasetError, match=r'x\.csv is not a CSV file'):
            load_faces(tmp_path / 'x.csv')

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            load_faces(tmp_path / 'none.csv')


def write_folders(folder: Path, pictures: dict[str, NDArray[np.uint8]]) -> Path:
    """Write pictures by their place below ``folder``."""
    for place, image in pictures.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / place), image)
    return folder


class TestClassFolders:
    def test_pictures_of_one_size_are_unchanged(self, tmp_path: Path) -> None:
        images = noise(3)
        faces = load_faces(
            write_folders(tmp_path, dict(zip(('sad/b.png', 'angry/a.png', 'sad/a.PNG'), images)))
        )
        np.testing.assert_array_equal(faces.images, images[[1, 2, 0]])
        assert (faces.task, faces.label_names) == ('emotion', EMOTIONS)
        assert faces.labels.tolist() == [0, 4, 4]
        assert len(set(faces.keys)) == 3

    def test_genders_in_colour_and_of_all_sizes(self, tmp_path: Path) -> None:
        colour = np.full((120, 100, 3), (10, 200, 60), np.uint8)
        faces = load_faces(
            write_folders(
                tmp_path,
                {
                    'male/a.jpg': colour,
                    'male/b.jpeg': colour[:60],
                    'female/c.png': noise(1, 64)[0],
                },
            )
        )
        assert (faces.task, faces.label_names) == ('gender', GENDERS)
        assert faces.images.shape == (3, 64, 64)
        assert faces.labels.tolist() == [0, 1, 1]
        gray = round(0.114 * 10 + 0.587 * 200 + 0.299 * 60)
        assert abs(faces.images[1].astype(int) - gray).max() <= 2

    def test_large_pictures_are_made_small(self, tmp_path: Path) -> None:
        faces = load_faces(write_folders(tmp_path, {'happy/a.png': noise(1, 300)[0]}))
        assert faces.images.shape == (1, 96, 96)

    def test_copies_stay_on_one_side(self, tmp_path: Path) -> None:
        images = noise(40)
        faces = load_faces(
            write_folders(
                tmp_path,
                {
                    f'{label}/{i}.png': image
                    for label in ('fear', 'sad')
                    for i, image in enumerate(images)
                },
            )
        )
        held_out = validation_part(faces)
        assert 0 < len(held_out) < len(faces)
        assert len(held_out) == 2 * len(set(held_out.keys))

    def test_other_files_are_left_alone(self, tmp_path: Path) -> None:
        write_folders(tmp_path, {'sad/a.png': noise(1)[0], '.cache/b.png': noise(1)[0]})
        (tmp_path / 'sad' / 'list.txt').write_text('a')
        (tmp_path / 'README').write_text('a')
        assert len(load_faces(tmp_path)) == 1

    @pytest.mark.parametrize(
        'folders, reason',
        [
            ((), 'has no subfolder'),
            (('sad', 'bored'), 'bored, sad, but must be names of angry'),
            (('sad', 'male'), 'male, sad, but must be'),
            (('train',), 'train, but must be'),
            (('sad',), r'sad has no image; expected \.png, \.jpg, \.jpeg'),
        ],
    )
    def test_wrong_form(self, tmp_path: Path, folders: tuple[str, ...], reason: str) -> None:
        for name in folders:
            (tmp_path / name).mkdir()
        with pytest.raises(DatasetError, match=reason):
            load_faces(tmp_path)

    @pytest.mark.parametrize('content', [b'', b'no picture', b'\x89PNG\r\n\x1a\n broken'])
    def test_file_that_is_no_picture(self, tmp_path: Path, content: bytes) -> None:
        write_folders(tmp_path, {'sad/a.png': noise(1)[0]})
        (tmp_path / 'sad' / 'b.jpg').write_bytes(content)
        with pytest.raises(DatasetError, match=r'cannot decode .*sad/b\.jpg'):
            load_faces(tmp_path)
