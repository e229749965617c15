# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The live page of the demo bag."""

from __future__ import annotations

from demo_bag import DemoFrame

from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.view.address import Address
from face_affect.view.feeds import PipelineFeeds
from face_affect.view.server import ViewServer

FIRST = 95  # number of the demo bag's first frame shown to the pipeline


class DemoPage:
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
