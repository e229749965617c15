# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Skip test modules that cannot be imported."""

from __future__ import annotations

from pathlib import Path

import pytest


def ros_missing() -> str:
    """Return why ROS or the built messages cannot be imported; '' if they can."""
    try:
        # Not `import face_affect_msgs.msg`: that finds the folder of .msg files, too.
        from face_affect_msgs.msg import FaceAffectArray  # noqa: F401
        import rclpy  # noqa: F401
    except ImportError as error:
        return str(error)
    return ''


class SkippedModule(pytest.Module):
    """A test module that is reported as skipped, with the reason, without importing it."""

    reason = ''

    def collect(self) -> list[pytest.Item]:
        pytest.skip(self.reason, allow_module_level=True)


def skipped(path: Path, parent: pytest.Collector, reason: str) -> SkippedModule:
    """Return a stand-in for the module at ``path``."""
    module: SkippedModule = SkippedModule.from_parent(parent, path=path)
    module.reason = reason
    return module
