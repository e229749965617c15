# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import math

import pytest

from face_affect.core.strict_json import nan_as_none, to_json


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_what_json_does_not_have_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        to_json({'recall': [1.0, value]})


def test_an_absent_figure_is_null() -> None:
    figures = {'recall': math.nan, 'by width': {'16': (0.5, math.nan)}, 'faces': 3, 'name': 'nan'}
    text = to_json(nan_as_none(figures))
    assert json.loads(text) == {
        'recall': None,
        'by width': {'16': [0.5, None]},
        'faces': 3,
        'name': 'nan',
    }


def test_infinity_is_no_absent_figure() -> None:
    assert nan_as_none([math.inf]) == [math.inf]
