# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Fixtures for the tests of bags."""

from __future__ import annotations

from pathlib import Path

from made_bags import demo_messages, write_bag
import pytest


@pytest.fixture(scope='session')
def short_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bag of 20 images with three people in them."""
    return write_bag(tmp_path_factory.mktemp('made') / 'short', demo_messages())
