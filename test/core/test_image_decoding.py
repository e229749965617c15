# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import cv2
from demo_bag import DemoFrame
from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
from numpy.typing import NDArray
import pytest

from face_affect.core import images
from face_affect.core.bit_depth import BitDepth, DEPTHS
from face_affect.core.images import (
    decode_compressed,
    decode_picture,
    decode_raw,
    encode_jpeg,
    exposure_fault,
    ImageError,
    UnknownEncodingError,
)

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 32, 20
PADDINGS = (0, 1, 7, 64)
BAYER = {'rggb': 'RGGB', 'bggr': 'BGGR', 'gbrg': 'GBRG', 'grbg': 'GRBG'}
EIGHT_BIT = (
    'bgr8',
    '8UC3',
    'rgb8',
    'bgra8',
    '8UC4',
    'rgba8',
    'mono8',
    '8UC1',
    'yuv422_yuy2',
    'yuyv',
    'uyvy',
    'yuv422',
    'nv12',
    'nv21',
)
SIXTEEN_BIT = ('mono16', '16UC1')


def random_bytes(*shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def padded(rows: Pixels, padding: int, last: bool = True) -> bytes:
    """Return rows u8 [H, bytes] with padding that must not be seen, of the last row too or not."""
    fill = np.full((len(rows), padding), 231, np.uint8)
    data = np.hstack([rows, fill]).tobytes()
    return data if last or not padding else data[:-padding]


def yuv_pixel(y: float, u: float, v: float) -> tuple[float, ...]:
    """Return B, G, R of ITU-R BT.601 studio range."""
    y, u, v = 1.164 * max(y - 16, 0), u - 128, v - 128
    return y + 2.018 * u, y - 0.391 * u - 0.813 * v, y + 1.596 * v


def plain_decode(encoding: str, rows: Pixels) -> Pixels:
    """Return what ``rows`` without padding show, pixel by pixel."""
    if encoding in ('mono8', '8UC1'):
        return rows
    if encoding in ('bgr8', '8UC3'):
        return rows.reshape(HEIGHT, WIDTH, 3)
    if encoding == 'rgb8':
        return rows.reshape(HEIGHT, WIDTH, 3)[..., ::-1]
    if encoding in ('bgra8', '8UC4'):
        return rows.reshape(HEIGHT, WIDTH, 4)[..., :3]
    if encoding == 'rgba8':
        return rows.reshape(HEIGHT, WIDTH, 4)[..., 2::-1]
    picture = np.zeros((HEIGHT, WIDTH, 3))
    for y, x in np.ndindex(HEIGHT, WIDTH):
        even = x // 2 * 2
        if encoding in ('yuv422_yuy2', 'yuyv'):
            values = rows[y, 2 * x], rows[y, 2 * even + 1], rows[y, 2 * even + 3]
        elif encoding in ('uyvy', 'yuv422'):
            values = rows[y, 2 * x + 1], rows[y, 2 * even], rows[y, 2 * even + 2]
        else:
            first, second = rows[HEIGHT + y // 2, even], rows[HEIGHT + y // 2, even + 1]
            chroma = (first, second) if encoding == 'nv12' else (second, first)
            values = rows[y, x], *chroma
        picture[y, x] = yuv_pixel(*(float(value) for value in values))
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def rows_of(encoding: str) -> Pixels:
    """Return random rows u8 [H, bytes] of that encoding."""
    if encoding in ('nv12', 'nv21'):
        return random_bytes(HEIGHT * 3 // 2, WIDTH)
    pixel_bytes = images._ENCODINGS[encoding][0]
    return random_bytes(HEIGHT, WIDTH * pixel_bytes)


@pytest.mark.parametrize(
    'encoding',
    EIGHT_BIT,
)
@pytest.mark.parametrize('padding', PADDINGS)
@pytest.mark.parametrize('last', [True, False])
def test_equals_pixel_by_pixel(encoding: str, padding: int, last: bool) -> None:
    rows = rows_of(encoding)
    found = decode_raw(
        padded(rows, padding, last), encoding, WIDTH, HEIGHT, rows.shape[1] + padding
    )
    expected = plain_decode(encoding, rows)
    assert found.dtype == np.uint8
    assert found.shape == expected.shape
    # Fixed-point arithmetic may round the other way.
    tolerance = 2 if encoding.startswith(('yuv', 'uyv', 'yuy', 'nv')) else 0
    assert np.abs(found.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize('encoding', SIXTEEN_BIT)
@pytest.mark.parametrize('padding', PADDINGS)
@pytest.mark.parametrize('last', [True, False])
@pytest.mark.parametrize('big', [True, False])
def test_sixteen_bit_keeps_the_upper_byte(
    encoding: str, padding: int, last: bool, big: bool
) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH))
    rows = values.astype('>u2' if big else '<u2').view(np.uint8)
    found = decode_raw(
        padded(rows, padding, last), encoding, WIDTH, HEIGHT, 2 * WIDTH + padding, big
    )
    np.testing.assert_array_equal(found, values >> 8)


def mosaic_of(picture: Pixels, pattern: str) -> Pixels:
    """Return what a sensor behind a colour filter sees; ``pattern`` names its 2x2 cell."""
    mosaic = np.zeros(picture.shape[:2], np.uint8)
    for i, name in enumerate(pattern):
        rows, columns = slice(i // 2, None, 2), slice(i % 2, None, 2)
        mosaic[rows, columns] = picture[rows, columns, 'BGR'.index(name)]
    return mosaic


@pytest.mark.parametrize('pattern', BAYER)
@pytest.mark.parametrize('bgr', [(200, 30, 60), (20, 180, 90), (10, 60, 240), (128, 128, 128)])
@pytest.mark.parametrize('padding', PADDINGS)
def test_bayer_of_one_colour(pattern: str, bgr: tuple[int, int, int], padding: int) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), bgr, np.uint8)
    data = padded(mosaic_of(picture, BAYER[pattern]), padding, last=False)
    found = decode_raw(data, f'bayer_{pattern}8', WIDTH, HEIGHT, WIDTH + padding)
    np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize('pattern', BAYER)
@pytest.mark.parametrize('big', [None, False, True])
def test_bayer_of_smooth_colours(pattern: str, big: bool | None) -> None:
    y, x = np.mgrid[:100, :120]
    picture = np.dstack([50 + x, 220 - y - x // 2, 30 + 2 * y]).astype(np.uint8)
    mosaic = mosaic_of(picture, BAYER[pattern])
    if big is None:
        found = decode_raw(mosaic.tobytes(), f'bayer_{pattern}8', 120, 100, 120)
    else:
        wide = (mosaic.astype(int) * 256 + 77).astype('>u2' if big else '<u2')
        found = decode_raw(wide.tobytes(), f'bayer_{pattern}16', 120, 100, 240, big)
    error = np.abs(found.astype(int) - picture)
    assert error[2:-2, 2:-2].max() <= 3
    assert error.max() <= 8


def test_every_encoding_is_tested() -> None:
    tested = {
        *EIGHT_BIT,
        *SIXTEEN_BIT,
    }
    tested |= {f'bayer_{pattern}{bits}' for pattern in BAYER for bits in (8, 16)}
    assert tested == set(images._ENCODINGS)


@pytest.mark.parametrize('encoding', ['bgr8', 'mono8', '8UC1', '8UC3'])
@pytest.mark.parametrize('padding', [0, 5])
def test_plain_images_are_views(encoding: str, padding: int) -> None:
    rows = rows_of(encoding)
    data = bytearray(padded(rows, padding))
    found = decode_raw(data, encoding, WIDTH, HEIGHT, rows.shape[1] + padding)
    data[0] ^= 255
    assert found.flat[0] == data[0]
    assert not found.flags.writeable


@pytest.mark.parametrize(
    'kind', [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)]
)
def test_any_buffer_will_do(kind: Any) -> None:
    data = random_bytes(4, 6).tobytes()
    np.testing.assert_array_equal(
        decode_raw(kind(data), 'mono8', 6, 4, 6).ravel(), np.frombuffer(data, np.uint8)
    )


@pytest.mark.parametrize('encoding', ['', 'BGR8', 'bgr16', '32FC1', 'jpeg', 'yuv444', 'x' * 999])
def test_unknown_encoding(encoding: str) -> None:
    with pytest.raises(UnknownEncodingError, match='bgr8') as caught:
        decode_raw(b'', encoding, 1, 1, 1)
    assert caught.value.reason == 'unknown_encoding'
    assert encoding[:20] in str(caught.value)
    assert len(str(caught.value)) < 400
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    'encoding, width, height, step, length, reason',
    [
        ('bgr8', 0, 10, 30, 300, 'bad_size'),
        ('bgr8', 10, 0, 30, 300, 'bad_size'),
        ('bgr8', -10, 10, 30, 300, 'bad_size'),
        ('bgr8', 16385, 1, 49155, 49155, 'bad_size'),
        ('mono8', 8192, 8193, 8192, 10, 'bad_size'),
        ('mono8', 2**32 - 1, 2**32 - 1, 2**32 - 1, 10, 'bad_size'),
        ('yuyv', 5, 4, 10, 40, 'bad_size'),
        ('nv12', 5, 4, 6, 99, 'bad_size'),
        ('nv12', 4, 5, 6, 99, 'bad_size'),
        ('bgr8', 10, 10, 29, 300, 'bad_step'),
        ('bgr8', 10, 10, 0, 300, 'bad_step'),
        ('mono16', 10, 10, 19, 300, 'bad_step'),
        ('nv21', 10, 10, 9, 300, 'bad_step'),
        ('bgr8', 10, 10, 30, 299, 'short_data'),
        ('bgr8', 10, 10, 30, 0, 'short_data'),
        ('bgr8', 10, 10, 35, 35 * 9 + 29, 'short_data'),
        ('nv12', 10, 10, 10, 149, 'short_data'),
        ('mono16', 10, 10, 20, 199, 'short_data'),
        ('mono8', 10, 10, 2**32 - 1, 1000, 'short_data'),
    ],
)
def test_bad_image(
    encoding: str, width: int, height: int, step: int, length: int, reason: str
) -> None:
    with pytest.raises(ImageError) as caught:
        decode_raw(bytes(length), encoding, width, height, step)
    assert caught.value.reason == reason


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from([*images._ENCODINGS, 'nonsense']),
    st.integers(-2, 40),
    st.integers(-2, 40),
    st.integers(-1, 200),
    st.integers(0, 4000),
    st.booleans(),
)
@example('bayer_rggb8', 1, 1, 1, 1, False)
@example('bayer_rggb16', 2, 2, 4, 8, True)
@example('bayer_gbrg8', 1, 40, 1, 40, False)
@example('bayer_gbrg8', 40, 1, 40, 40, False)
@example('nv12', 2, 2, 2, 6, False)
@example('yuyv', 2, 1, 4, 4, False)
@example('mono16', 1, 1, 2, 2, False)
@example('mono8', 1, 1, 1, 0, False)
def test_any_image_decodes_or_raises_image_error(
    encoding: str, width: int, height: int, step: int, length: int, big: bool
) -> None:
    try:
        found = decode_raw(bytes(length), encoding, width, height, step, big)
    except ImageError as error:
        assert error.reason in ('unknown_encoding', 'bad_size', 'bad_step', 'short_data')
        return
    assert found.shape[:2] == (height, width)
    assert found.dtype == np.uint8


def smooth_colours() -> Pixels:
    y, x = np.mgrid[:60, :80]
    return np.dstack([x * 3, y * 4, 255 - x - y]).astype(np.uint8)


@pytest.mark.parametrize('suffix, tolerance', [('.png', 0), ('.jpg', 12)])
@pytest.mark.parametrize('gray', [False, True])
def test_compressed(suffix: str, tolerance: int, gray: bool) -> None:
    picture = smooth_colours()[..., 0] if gray else smooth_colours()
    data = cv2.imencode(suffix, picture)[1].tobytes()
    found = decode_compressed(data)
    assert found.shape == picture.shape
    assert np.abs(found.astype(int) - picture).max() <= tolerance


def test_compressed_with_alpha() -> None:
    alpha = np.full((60, 80, 1), 7, np.uint8)
    data = cv2.imencode('.png', np.dstack([smooth_colours(), alpha]))[1].tobytes()
    np.testing.assert_array_equal(decode_compressed(data), smooth_colours())


@pytest.mark.parametrize('gray', [False, True])
def test_compressed_sixteen_bit(gray: bool) -> None:
    picture = smooth_colours()[..., 0] if gray else smooth_colours()
    data = cv2.imencode('.png', picture.astype(np.uint16) * 257)[1].tobytes()
    found = decode_compressed(data)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - picture).max() <= 1


PNG = cv2.imencode('.png', random_bytes(8, 8))[1].tobytes()


@pytest.mark.parametrize(
    'data', [b'', b'\0', b'\xff\xd8\xff', b'no picture at all', PNG[:20], bytes(10000)]
)
def test_bad_compressed(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode_compressed(data)
    assert caught.value.reason == 'undecodable'


def test_absurdly_large_compressed() -> None:
    data = cv2.imencode('.png', np.zeros((1, 20000), np.uint8))[1].tobytes()
    with pytest.raises(ImageError) as caught:
        decode_compressed(data)
    assert caught.value.reason == 'bad_size'


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b'', b'\xff\xd8\xff\xe0', PNG[:33], b'BM', b'GIF89a', b'RIFF\0\0\0\0WEBPVP8 ', b'P5 ']
    ),
)
def test_any_bytes_decode_or_raise_image_error(data: bytes, start: bytes) -> None:
    try:
        found = decode_compressed(start + data)
    except ImageError as error:
        assert error.reason in ('undecodable', 'bad_size')
        return
    assert found.dtype == np.uint8
    assert found.ndim == 2 or found.shape[2] == 3


@pytest.mark.parametrize('gray', [False, True])
def test_jpeg_round_trip(gray: bool) -> None:
    picture = smooth_colours()[..., 0] if gray else smooth_colours()
    found = decode_compressed(encode_jpeg(picture, 95))
    assert found.shape == picture.shape
    assert np.abs(found.astype(int) - picture).mean() < 2
    assert len(encode_jpeg(picture, 20)) < len(encode_jpeg(picture, 95))


def test_jpeg_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, 'imencode', lambda *_: (False, None))
    with pytest.raises(ImageError, match=r'cannot encode an image of shape \(1, 2, 3\)') as caught:
        encode_jpeg(np.zeros((1, 2, 3), np.uint8))
    assert caught.value.reason == 'not_encodable'


def sixteen(gray: NDArray[np.uint8], bits: int) -> NDArray[np.uint16]:
    """Return a picture of a camera that uses so many of sixteen bits."""
    return (gray.astype(np.uint16) * 257) >> (16 - bits)


@pytest.mark.parametrize('bits', DEPTHS)
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('encoding', SIXTEEN_BIT)
def test_used_bits_are_found(bits: int, big: bool, encoding: str) -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(8, 32)
    data = sixteen(gray, bits).astype('>u2' if big else '<u2').tobytes()
    depth = BitDepth()
    found = decode_raw(data, encoding, 32, 8, 64, big, depth)
    assert depth.bits == bits
    np.testing.assert_array_equal(found, gray)


@pytest.mark.parametrize('bits', DEPTHS)
def test_used_bits_of_a_png_are_found(bits: int) -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(8, 32)
    data = cv2.imencode('.png', sixteen(gray, bits))[1].tobytes()
    np.testing.assert_array_equal(decode_compressed(data, bit_depth=BitDepth()), gray)
    np.testing.assert_array_equal(decode_picture(data), np.repeat(gray[..., None], 3, axis=2))


def test_used_bits_grow_and_never_shrink() -> None:
    depth = BitDepth()
    values = [np.full((2, 2), value, np.uint16) for value in (900, 3000, 900, 16000, 900, 65000)]
    assert [int(depth.reduce(one)[0, 0]) for one in values] == [
        900 >> 2,
        3000 >> 4,
        900 >> 4,
        16000 >> 6,
        900 >> 6,
        65000 >> 8,
    ]
    assert depth.bits == 16


@pytest.mark.parametrize(
    'image, fault',
    [
        (np.zeros((60, 80), np.uint8), 'dark (mean 0 of 255)'),
        (np.full((60, 80, 3), 6, np.uint8), 'dark (mean 6 of 255)'),
        (np.full((60, 80, 3), 200, np.uint8), 'flat (mean 200 of 255, standard deviation 0.0)'),
        (np.full((1, 1), 128, np.uint8), 'flat (mean 128 of 255, standard deviation 0.0)'),
        (np.tile(np.arange(80, dtype=np.uint8), (60, 1)), ''),
        (np.tile(np.uint8([0, 0, 0, 0, 0, 0, 0, 0, 255, 0]), (60, 16)), ''),
    ],
)
def test_exposure_faults_are_named(image: NDArray[np.uint8], fault: str) -> None:
    assert exposure_fault(image) == fault


def test_good_exposure(demo_frames: list[DemoFrame]) -> None:
    assert {exposure_fault(frame.image) for frame in demo_frames} == {''}
