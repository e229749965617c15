# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The format and size that encoded images state."""

from __future__ import annotations

import struct

import cv2
from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from face_affect.core.image_header import image_format, image_size
from face_affect.core.images import (
    decode_compressed,
    decode_picture,
    FILE_FORMATS,
    ImageError,
    MAX_COMPRESSED_PIXELS,
    TOPIC_FORMATS,
)

SUFFIXES = {
    'JPEG': '.jpg',
    'PNG': '.png',
    'BMP': '.bmp',
    'WebP': '.webp',
    'TIFF': '.tiff',
    'PNM': '.ppm',
    'JPEG 2000': '.jp2',
}
PICTURE = np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)


def encoded(name: str, *options: int) -> bytes:
    return cv2.imencode(SUFFIXES[name], PICTURE, options)[1].tobytes()


def jpeg_that_states(width: int, height: int) -> bytes:
    data = bytearray(encoded('JPEG'))
    struct.pack_into('>HH', data, data.find(b'\xff\xc0') + 5, height, width)
    return bytes(data)


@pytest.mark.parametrize('name', FILE_FORMATS)
def test_every_format_states_its_size(name: str) -> None:
    data = encoded(name)
    assert image_format(data) == name
    assert image_size(data, name) == (70, 40)
    assert decode_picture(data).shape == (40, 70, 3)


@pytest.mark.parametrize(
    'options',
    [
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        (cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
        (cv2.IMWRITE_JPEG_OPTIMIZE, 1),
    ],
)
def test_jpegs_of_all_kinds(options: tuple[int, ...]) -> None:
    assert image_size(encoded('JPEG', *options), 'JPEG') == (70, 40)


def test_a_thumbnail_in_a_jpeg_is_not_its_size() -> None:
    data = encoded('JPEG')
    thumbnail = jpeg_that_states(7, 4)
    segment = b'\xff\xe1' + struct.pack('>H', len(thumbnail) + 2) + thumbnail
    assert image_size(data[:2] + segment + data[2:], 'JPEG') == (70, 40)


@pytest.mark.parametrize('lossless', [False, True])
def test_webp_of_both_kinds(lossless: bool) -> None:
    data = encoded('WebP', cv2.IMWRITE_WEBP_QUALITY, 101 if lossless else 80)
    assert image_size(data, 'WebP') == (70, 40)


@pytest.mark.parametrize('name', [name for name in FILE_FORMATS if name not in TOPIC_FORMATS])
def test_a_topics_image_is_jpeg_or_png(name: str) -> None:
    data = encoded(name)
    with pytest.raises(ImageError, match=f'cannot decode {len(data)} bytes of {name}; ') as caught:
        decode_compressed(data)
    assert caught.value.reason == 'undecodable'


@pytest.mark.parametrize(
    'start, name',
    [
        (b'GIF89a', 'GIF'),
        (b'#?RADIANCE\n', 'Radiance HDR'),
        (b'\x76\x2f\x31\x01', 'OpenEXR'),
        (b'\0\0\0\x20ftypavif', 'AVIF or HEIC'),
        (b'what is this', 'unknown format that begin with 77 68 61 74'),
    ],
)
def test_others_are_refused_and_named(start: bytes, name: str) -> None:
    with pytest.raises(ImageError, match=f'cannot decode 500 bytes of {name}'):
        decode_compressed(start.ljust(500, b'\0'))


@pytest.mark.parametrize(
    'width, height, reason',
    [
        (4096, 2160, ''),
        (4097, 2160, 'at most 8847360'),
        (8192, 8192, 'at most 8847360'),
        (65535, 1, 'must be from 1 to 16384'),
        (0, 100, 'must be from 1 to 16384'),
    ],
)
def test_the_size_is_refused_before_decoding(
    width: int, height: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []

    def imdecode(data: object, flag: int) -> object:
        decoded.append(data)
        return PICTURE

    monkeypatch.setattr(cv2, 'imdecode', imdecode)
    data = jpeg_that_states(width, height)
    if not reason:
        decode_compressed(data)
        assert len(decoded) == 1
        return
    with pytest.raises(ImageError, match=f'{width}x{height}.* {reason}') as caught:
        decode_compressed(data)
    assert caught.value.reason == 'bad_size'
    assert not decoded


def test_the_limit_is_a_parameter() -> None:
    data = encoded('PNG')
    assert decode_compressed(data, 70 * 40).shape == PICTURE.shape
    with pytest.raises(ImageError, match='at most 2799'):
        decode_compressed(data, 70 * 40 - 1)
    assert MAX_COMPRESSED_PIXELS == 4096 * 2160


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(FILE_FORMATS),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4),
)
@example('JPEG', 3, [])
def test_damaged_headers_give_a_size_or_a_value_error(
    name: str, length: int, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(encoded(name)[:length])
    for place, value in changes:
        if place < len(data):
            data[place] = value
    try:
        width, height = image_size(bytes(data), name)
    except ValueError:
        return
    assert isinstance(width, int) and isinstance(height, int)
