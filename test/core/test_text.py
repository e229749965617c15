# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from hypothesis import given, strategies
import pytest

from face_affect.core.images import decode_compressed, decode_raw, ImageError
from face_affect.core.models import find_model, ModelError, TASKS
from face_affect.core.text import LIMIT, printable

# All of Unicode, lone surrogates included, and more often what harms
NASTY = strategies.text(
    strategies.one_of(
        strategies.characters(), strategies.characters(categories=['Cc', 'Cf', 'Cs', 'Zl', 'Zp'])
    )
)
LONG = strategies.builds(lambda text, times: text * times, NASTY, strategies.integers(1, 300))


def assert_harmless(text: str) -> None:
    assert text.isprintable()
    assert len(text) <= LIMIT
    text.encode()


@pytest.mark.parametrize(
    'text, expected',
    [
        ('', ''),
        ('bgr8', 'bgr8'),
        ('Grüße, 世界 🙂', 'Grüße, 世界 🙂'),
        ('a\nb\r\x00\x1b[2J\x7f', 'a\\nb\\r\\x00\\x1b[2J\\x7f'),
        ('\x85\u2028\u2029', '\\x85\\u2028\\u2029'),
        ('\u202efdp.exe', '\\u202efdp.exe'),
        ('\ud800', '\\ud800'),
        ('\U000e0001', '\\U000e0001'),
        (ValueError('a\tb'), 'a\\tb'),
    ],
)
def test_escapes(text: object, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize(
    'text, limit, expected',
    [
        ('abcdef', 6, 'abcdef'),
        ('abcdefg', 6, 'abc…fg'),
        ('abcdefg', 5, 'ab…fg'),
        ('abcd', 3, 'a…d'),
        ('a' * 10_000_000 + 'z', 5, 'aa…az'),
        ('\n\n', 3, '\\…n'),
    ],
)
def test_leaves_out_the_middle(text: str, limit: int, expected: str) -> None:
    assert printable(text, limit) == expected


@given(LONG)
def test_result_is_harmless(text: str) -> None:
    shown = printable(text)
    assert_harmless(shown)
    assert printable(shown) == shown


@given(LONG)
def test_image_errors_are_harmless(encoding: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode_raw(b'', encoding, 1, 1, 1)
    assert_harmless(str(caught.value))


@given(strategies.binary())
def test_errors_of_compressed_images_are_harmless(data: bytes) -> None:
    try:
        decode_compressed(data)
    except ImageError as error:
        assert_harmless(str(error))


@given(LONG, strategies.sampled_from(['', '/']), strategies.sampled_from(TASKS))
def test_model_errors_are_harmless(name: str, root: str, task: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(root + name, task)
    assert_harmless(str(caught.value))
