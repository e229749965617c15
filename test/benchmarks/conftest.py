# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import importlib
from typing import Any

import pytest
from skipping import ros_missing


@pytest.fixture
def run() -> Any:
    """Return benchmarks.run, which needs ROS and the built messages."""
    if missing := ros_missing():
        pytest.skip(missing)
    for module in ('motmetrics', 'rosbags'):
        pytest.importorskip(module)
    return importlib.import_module('benchmarks.run')
