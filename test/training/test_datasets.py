# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core.faces import EMOTIONS
from training.data.archives import ferplus_distribution
from training.data.faces import DatasetError, FaceSet, resized, training_part, validation_part
from training.data.loading import load_faces

FERPLUS = (
    'neutral',
    'happiness',
    'surprise',
    'sadness',
    'anger',
    'disgust',
    'fear',
    'contempt',
    'unknown',
    'NF',
)


def encoded(images: Iterable[NDArray[np.uint8]]) -> dict[str, Any]:
    """Return the pictures in npz form."""
    parts = [cv2.imencode('.png', image)[1].ravel() for image in images]
    offsets = np.cumsum([0] + [len(part) for part in parts])
    return {
        'encoded': np.concatenate(parts) if parts else np.zeros(0, np.uint8),
        'offsets': offsets,
    }


def noise(count: int, side: int = 48) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)


def write_fer(path: Path, count: int = 200, **changes: Any) -> Path:
    rng = np.random.default_rng(1)
    values = {
        **encoded(noise(count)),
        'labels': rng.integers(0, 7, count).astype(np.uint8),
        'usage': np.zeros(count, np.uint8),
        'usage_names': np.array(['Training', 'PublicTest']),
        **changes,
    }
    np.savez(path, **{name: value for name, value in values.items() if value is not None})
    return path


def write_fairface(path: Path, count: int = 30, **changes: Any) -> Path:
    rng = np.random.default_rng(1)
    values = {
        **encoded(noise(count, 80)),
        'gender': rng.integers(0, 2, count).astype(np.uint8),
        'gender_names': np.array(['male', 'female']),
        'race': np.zeros(count, np.uint8),
        'race_names': np.array(['one']),
        'age': np.full(count, 1, np.uint8),
        'age_names': np.array(['0-2', '3-9']),
        **changes,
    }
    np.savez(path, **{name: value for name, value in values.items() if value is not None})
    return path


@pytest.mark.parametrize(
    'votes, expected',
    [
        ({}, {}),
        ({'NF': 10}, {}),
        ({'unknown': 10}, {}),
        ({'happiness': 10}, {'happy': 1.0}),
        ({'happiness': 6, 'neutral': 2, 'unknown': 2}, {'happy': 0.75, 'neutral': 0.25}),
        ({'disgust': 1, 'contempt': 3}, {'disgust': 1.0}),
        (
            {'anger': 1, 'fear': 1, 'sadness': 1, 'surprise': 1},
            {'angry': 0.25, 'fear': 0.25, 'sad': 0.25, 'surprise': 0.25},
        ),
    ],
)
def test_ferplus_distribution(votes: dict[str, int], expected: dict[str, float]) -> None:
    row = np.array([[votes.get(name, 0) for name in FERPLUS]], np.uint8)
    (found,) = ferplus_distribution(row)
    assert dict(zip(EMOTIONS, found.tolist())) == pytest.approx(
        {name: expected.get(name, 0.0) for name in EMOTIONS}
    )


def test_ferplus_of_no_rows() -> None:
    assert ferplus_distribution(np.zeros((0, 10), np.uint8)).shape == (0, 7)


def test_ferplus_does_not_overflow() -> None:
    found = ferplus_distribution(np.full((1, 10), 255, np.uint8))
    assert found.sum() == pytest.approx(1)


class TestFer2013:
    def test_pictures_and_labels(self, tmp_path: Path) -> None:
        faces = load_faces(write_fer(tmp_path / 'fer.npz', 20))
        np.testing.assert_array_equal(faces.images, noise(20))
        assert faces.task == 'emotion'
        assert faces.label_names == EMOTIONS
        np.testing.assert_array_equal(faces.targets(0), np.eye(7)[faces.labels])
        assert not faces.has_majority.any()
        assert len(faces.by_majority()) == 0
        with pytest.raises(DatasetError, match=r'no FER\+ votes in the data'):
            faces.targets(0.5)

    @pytest.mark.parametrize('weight', [0.0, 0.5, 1.0])
    def test_votes_soften_the_targets(self, tmp_path: Path, weight: float) -> None:
        votes = np.zeros((3, 10), np.uint8)
        votes[0, FERPLUS.index('happiness')] = 10
        votes[1, FERPLUS.index('NF')] = 10
        path = write_fer(
            tmp_path / 'fer.npz', 3, labels=np.array([6, 6, 6], np.uint8), ferplus_votes=votes
        )
        targets = load_faces(path).targets(weight)
        happy, neutral = EMOTIONS.index('happy'), EMOTIONS.index('neutral')
        assert (targets[0, happy], targets[0, neutral]) == (weight, 1 - weight)
        # No vote for a label: the label, or nothing if votes are all that counts.
        unvoted = np.eye(7)[[6, 6]] if weight < 1 else np.zeros((2, 7))
        np.testing.assert_array_equal(targets[1:], unvoted)

    def test_majority_as_the_label(self, tmp_path: Path) -> None:
        votes = np.zeros((4, 10), np.uint8)
        votes[0, FERPLUS.index('happiness')] = 6
        votes[0, FERPLUS.index('unknown')] = 4
        votes[1, FERPLUS.index('unknown')] = 6
        votes[2, FERPLUS.index('contempt')] = 5
        votes[3, FERPLUS.index('NF')] = 10
        faces = load_faces(write_fer(tmp_path / 'fer.npz', 4, ferplus_votes=votes))
        assert faces.has_majority.tolist() == [True, False, True, False]
        majority = faces.by_majority()
        assert [EMOTIONS[label] for label in majority.labels] == ['happy', 'disgust']
        np.testing.assert_array_equal(majority.images, faces.images[[0, 2]])

    def test_no_face_is_never_trained_on(self, tmp_path: Path) -> None:
        votes = np.zeros((100, 10), np.uint8)
        votes[:50, FERPLUS.index('NF')] = 6
        votes[:, FERPLUS.index('sadness')] = 4
        faces = load_faces(write_fer(tmp_path / 'fer.npz', 100, ferplus_votes=votes))
        assert faces.groups['face'].tolist() == ['no face'] * 50 + ['face'] * 50
        assert set(training_part(faces).groups['face']) == {'face'}

    def test_copies_of_training_pictures_are_known(self, tmp_path: Path) -> None:
        images = noise(4)
        images[3] = images[0]
        faces = load_faces(
            write_fer(
                tmp_path / 'fer.npz', 4, **encoded(images), usage=np.array([0, 0, 1, 1], np.uint8)
            )
        )
        assert [name.startswith('copy') for name in faces.groups['copy']] == [
            False,
            False,
            False,
            True,
        ]

    def test_test_rows_are_in_no_part(self, tmp_path: Path) -> None:
        usage = (np.arange(200) % 2).astype(np.uint8)
        faces = load_faces(write_fer(tmp_path / 'fer.npz', usage=usage))
        for part in (training_part(faces), validation_part(faces)):
            assert set(part.groups['usage']) == {'Training'}


class TestFairFace:
    def test_label_order(self, tmp_path: Path) -> None:
        gender = (np.arange(30) % 2).astype(np.uint8)
        faces = load_faces(write_fairface(tmp_path / 'f.npz', gender=gender))
        assert faces.label_names == ('female', 'male')
        assert faces.labels[:4].tolist() == [1, 0, 1, 0]
        assert faces.groups['gender'][:2].tolist() == ['male', 'female']
        assert set(faces.groups['age']) == {'3-9'}

    def test_ages_in_years(self, tmp_path: Path) -> None:
        age = np.array([17] * 15 + [18] * 15, np.uint8)
        faces = load_faces(write_fairface(tmp_path / 'f.npz', age=age, age_names=None))
        assert faces.groups['age'][0] == 'under 18'
        assert faces.groups['age'][-1] == '18 and more'


class TestSplit:
    @pytest.fixture
    def faces(self, tmp_path: Path) -> FaceSet:
        return load_faces(write_fer(tmp_path / 'fer.npz'))

    def test_is_disjoint_and_whole(self, faces: FaceSet) -> None:
        held_out, rest = faces.split(True), faces.split(False)
        assert len(held_out) + len(rest) == len(faces)
        assert not set(held_out.keys) & set(rest.keys)
        assert 0.03 < len(held_out) / len(faces) < 0.2

    def test_hash_of_the_bytes_decides(self, faces: FaceSet, tmp_path: Path) -> None:
        parts = [cv2.imencode('.png', image)[1].tobytes() for image in noise(200)]
        expected = [zlib.crc32(part) % 10 == 0 for part in parts]
        np.testing.assert_array_equal(faces.split(True).images, noise(200)[expected])

    def test_order_does_not_matter(self, faces: FaceSet, tmp_path: Path) -> None:
        turned = load_faces(write_fer(tmp_path / 'turned.npz', **encoded(noise(200)[::-1])))
        assert set(turned.split(True).keys) == set(faces.split(True).keys)

    def test_copies_stand_on_one_side(self, tmp_path: Path) -> None:
        images = np.concatenate([noise(100), noise(100)])
        faces = load_faces(write_fer(tmp_path / 'fer.npz', **encoded(images)))
        assert not set(faces.split(True).keys) & set(faces.split(False).keys)
        assert len(faces.split(True)) % 2 == 0

    def test_subset_keeps_rows_together(self, faces: FaceSet) -> None:
        rows = faces.labels == 3
        part = faces.subset(rows)
        assert set(part.labels) == {3}
        np.testing.assert_array_equal(part.images, faces.images[rows])
        assert all(len(values) == len(part) for values in part.groups.values())

    def test_empty_subset(self, faces: FaceSet) -> None:
        none = faces.subset(np.zeros(len(faces), bool))
        assert len(none) == len(none.split(True)) == len(training_part(none)) == 0


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_faces(tmp_path / 'none.npz')


@pytest.mark.parametrize(
    'values, reason',
    [
        ({'x': np.zeros(3)}, "columns are .*x.*, but must include 'encoded' and 'offsets'"),
        ({**encoded(noise(2))}, 'must include those of emotion'),
        ({**encoded(noise(2)), 'labels': np.zeros(2, np.uint8)}, 'must include those of emotion'),
        ({**encoded(noise(2)), 'boxes': np.zeros((2, 4))}, 'must include those of emotion'),
    ],
)
def test_wrong_form(tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    np.savez(tmp_path / 'x.npz', **values)
    with pytest.raises(DatasetError, match=reason):
        load_faces(tmp_path / 'x.npz')


@pytest.mark.parametrize('content', [b'', b'no archive', b'PK\x03\x04 broken'])
def test_no_npz_at_all(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'x.npz').write_bytes(content)
    with pytest.raises(DatasetError, match=r'x\.npz is not an npz file'):
        load_faces(tmp_path / 'x.npz')


def test_single_array(tmp_path: Path) -> None:
    np.save(tmp_path / 'x.npy', np.zeros(3))
    with pytest.raises(DatasetError, match=r'x\.npy is a single array, but must be an npz file'):
        load_faces(tmp_path / 'x.npy')


def test_picture_that_does_not_decode(tmp_path: Path) -> None:
    values = encoded(noise(3))
    values['encoded'][values['offsets'][1] : values['offsets'][2]] = 0
    with pytest.raises(DatasetError, match='cannot decode 1 images, the first is number 1'):
        load_faces(write_fer(tmp_path / 'fer.npz', 3, **values))


def test_no_pictures(tmp_path: Path) -> None:
    path = write_fer(tmp_path / 'fer.npz', 0)
    with pytest.raises(DatasetError):
        load_faces(path)


def test_pictures_of_different_sizes(tmp_path: Path) -> None:
    mixed = encoded([*noise(1), *noise(1, 64)])
    with pytest.raises(DatasetError, match='differ in size'):
        load_faces(write_fer(tmp_path / 'fer.npz', 2, **mixed))


@pytest.mark.parametrize('size', [32, 48, 64])
def test_resized(size: int) -> None:
    found = resized(noise(3), size)
    assert found.shape == (3, size, size)
    assert found.dtype == np.uint8
    if size == 48:
        np.testing.assert_array_equal(found, noise(3))
