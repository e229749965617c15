# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The README's table of parameters follows the declarations."""

from pathlib import Path
import runpy

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')
ROOT = Path(__file__).parents[2]


def test_parameter_table_is_up_to_date() -> None:
    text = (ROOT / 'README.md').read_text()
    updated = runpy.run_path(str(ROOT / 'scripts' / 'update_readme.py'))['updated']
    assert updated(text) == text, 'run: python scripts/update_readme.py'
