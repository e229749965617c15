# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from face_affect.core.alternation import Alternation


def test_all_searches_first_then_each_has_its_turn() -> None:
    alternation = Alternation()
    assert alternation.choose('abc', 'xy') == 'abc'
    assert {alternation.choose('abc', '') for _ in range(3)} == set('abc')


def test_what_is_known_is_searched_every_other_time() -> None:
    alternation = Alternation()
    _, *chosen = [alternation.choose('abc', 'xy') for _ in range(7)]
    assert chosen[1::2] == ['x'] * 3
    assert set(chosen[::2]) == set('abc')


def test_fewer_searches_than_before() -> None:
    alternation = Alternation()
    for _ in range(5):
        alternation.choose('abcdefg', '')
    assert alternation.choose('ab', '') in ('a', 'b')
