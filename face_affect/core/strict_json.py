# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""JSON by its standard (RFC 8259): without NaN and infinity, which many parsers reject."""

from __future__ import annotations

from collections.abc import Mapping
import json
import math
from typing import Any


def to_json(value: Any, **options: Any) -> str:
    """Return ``value`` as JSON; ``options`` are those of json.dumps.

    Raises:
        TypeError: ``value`` is of a type without a JSON equivalent.
        ValueError: a number is NaN or infinite.

    """
    return json.dumps(value, allow_nan=False, **options)


def nan_as_none(value: Any) -> Any:
    """Return ``value`` with NaN replaced by None, also in nested mappings, lists and tuples.

    >>> to_json(nan_as_none({'recall': float('nan'), 'ms': [1.5, float('nan')]}))
    '{"recall": null, "ms": [1.5, null]}'
    """
    if isinstance(value, Mapping):
        return {key: nan_as_none(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [nan_as_none(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
