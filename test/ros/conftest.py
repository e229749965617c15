# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Skip these tests where ROS or the built messages are missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from skipping import skipped

try:
    # Not `import face_affect_msgs.msg`: that finds the folder of .msg files, too.
    from face_affect_msgs.msg import FaceAffectArray  # noqa: F401
    import rclpy  # noqa: F401

    MISSING = ''
except ImportError as error:
    MISSING = str(error)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    reason = f'needs ROS and the built messages: {MISSING}'
    return skipped(module_path, parent, reason) if MISSING else None
