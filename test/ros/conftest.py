# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Skip these tests where ROS or the built messages are missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from skipping import ros_missing, skipped

MISSING = ros_missing()


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    reason = f'needs ROS and the built messages: {MISSING}'
    return skipped(module_path, parent, reason) if MISSING else None
