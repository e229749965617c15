# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""docs/parameters.md and config/face_affect.yaml follow the declarations."""

from pathlib import Path
import re
import runpy
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

from face_affect.core.parameters import declarations
from face_affect.ros.parameters import NodeParameters

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'config' / 'face_affect.yaml'
ADVICE = 'run: python -m scripts.update_parameter_docs'


@pytest.fixture(scope='module')
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / 'scripts' / 'update_parameter_docs.py'))


def test_parameter_table_is_up_to_date(script: dict[str, Any]) -> None:
    text = (ROOT / 'docs' / 'parameters.md').read_text()
    assert script['updated_page'](text) == text, ADVICE


def test_config_is_up_to_date(script: dict[str, Any]) -> None:
    assert script['config']() == CONFIG.read_text(), ADVICE


def test_config_sets_nothing() -> None:
    yaml = pytest.importorskip('yaml')
    assert yaml.safe_load(CONFIG.read_text()) is None


def test_config_uncommented_is_the_defaults() -> None:
    yaml = pytest.importorskip('yaml')
    text = CONFIG.read_text()
    lines = text[text.index('# /**:') :].splitlines()
    values = yaml.safe_load('\n'.join(re.sub('^# ', '', line) for line in lines))
    assert values['/**']['ros__parameters'] == {
        declaration.name: declaration.default for declaration in declarations(NodeParameters)
    }
