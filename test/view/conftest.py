# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator

from demo_bag import DemoFrame
import pytest

from support.browser import Browser, chromedriver, missing, window

pytest.importorskip('uvicorn', reason="the page needs pip's extra view")
pytest.importorskip('starlette', reason="the page needs pip's extra view")

from demo_page import DemoPage


@pytest.fixture
def demo(demo_frames: list[DemoFrame]) -> Iterator[DemoPage]:
    """Return a page of the demo bag with three faces in view."""
    demo = DemoPage(demo_frames)
    yield demo
    demo.server.close()


@pytest.fixture(scope='session')
def driver() -> Iterator[str]:
    """Return a running chromedriver."""
    if missing():
        pytest.skip(f'not installed: {missing()}')
    with chromedriver() as address:
        yield address


@pytest.fixture
def browser(driver: str) -> Iterator[Browser]:
    """Return a browser window."""
    with window(driver, 1280, 900) as browser:
        yield browser
