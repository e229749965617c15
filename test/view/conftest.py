# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator

from demo_bag import DemoFrame
import pytest

from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from support.browser import Browser, chromedriver, missing, window

pytest.importorskip('uvicorn', reason="the page needs pip's extra view")
pytest.importorskip('starlette', reason="the page needs pip's extra view")

from face_affect.view.address import Address
from face_affect.view.feeds import PipelineFeeds
from face_affect.view.server import ViewServer

FIRST = 95  # number of the demo bag's first frame shown to the pipeline


class Demo:
    """A pipeline that processes the demo bag frame by frame, and its page."""

    def __init__(self, frames: list[DemoFrame]) -> None:
        self._frames = frames
        self._pipeline = Pipeline()
        detector, *classifiers = self._pipeline.sidecars
        self.feeds = PipelineFeeds('the demo bag', Explainer(classifiers, detector.calibrated_as))
        self.server = ViewServer(self.feeds, Address(port=0))
        for frame in range(FIRST, FIRST + 10):
            self.show(frame)

    def show(self, index: int) -> None:
        """Process a frame and publish it with a latency of 5 ms."""
        frame = self._frames[index]
        self.result = self._pipeline.process(frame.image, frame.stamp)
        self.frame = frame
        self.feeds.show_image(frame.image, self.result, 0.005)


@pytest.fixture
def demo(demo_frames: list[DemoFrame]) -> Iterator[Demo]:
    """Return a page of the demo bag with three faces in view."""
    demo = Demo(demo_frames)
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
