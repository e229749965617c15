# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""An empty blackboard for each test; all are skipped if py_trees or ROS is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from skipping import ros_missing, skipped

try:
    from py_trees.blackboard import Blackboard

    MISSING = ros_missing()
except ImportError as error:
    MISSING = str(error)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return skipped(module_path, parent, MISSING) if MISSING else None


@pytest.fixture(autouse=True)
def blackboard() -> Iterator[None]:
    """Clear the blackboard, which all trees of a process share."""
    Blackboard.clear()
    yield
    Blackboard.clear()
