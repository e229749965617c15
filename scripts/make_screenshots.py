# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write the screenshots of the live view and of an evaluation in docs/images, of the demo bag.

Needs Chromium and chromedriver. Run it in the source folder: `python -m scripts.make_screenshots`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader

from face_affect.bags.analysis.evaluation import evaluate
from face_affect.bags.analysis.result_reader import read_results
from face_affect.bags.analysis.truth import read_truth
from face_affect.bags.report.evaluation_page import make_evaluation_page
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.view.address import Address
from face_affect.view.feeds import PipelineFeeds
from face_affect.view.server import ViewServer
from support.browser import Browser, chromedriver, missing, window

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / 'docs' / 'images'
TOPIC = '/camera/image_raw/compressed'
RATE = 15.0  # images per second
LAST = 104  # last frame of the second playback, with three people
QUALITY = 85  # of the JPEGs, 0 to 100
OPEN_SALIENCY = """const card = document.querySelectorAll('.face')[arguments[0]];
card.querySelector('button').click();"""
SALIENCY_SHOWN = 'return document.querySelector("figure:not([hidden]) img").naturalWidth > 40'


def demo_frames() -> Iterator[NDArray[np.uint8]]:
    """Yield the demo bag's images, u8 [H, W, 3] BGR."""
    with AnyReader([ROOT / 'demo' / 'bag']) as reader:
        connections = [each for each in reader.connections if each.topic == TOPIC]
        for connection, _, data in reader.messages(connections):
            message: Any = reader.deserialize(data, connection.msgtype)
            yield np.asarray(cv2.imdecode(message.data, cv2.IMREAD_COLOR), dtype=np.uint8)


def show_demo(feeds: PipelineFeeds, pipeline: Pipeline) -> None:
    """Play the bag to the page in real time, and a second time up to LAST."""
    frames = list(demo_frames())
    start = time.monotonic()
    for index, frame in enumerate([*frames, *frames[: LAST + 1]]):
        time.sleep(max(start + index / RATE - time.monotonic(), 0.0))
        begun = time.monotonic()
        result = pipeline.process(frame, index / RATE)
        feeds.show_image(frame, result, time.monotonic() - begun)


def photograph(browser: Browser, name: str) -> None:
    """Write a screenshot of ``browser`` to docs/images/NAME.jpg."""
    png = np.frombuffer(browser.screenshot(), np.uint8)
    path = IMAGES / f'{name}.jpg'
    cv2.imwrite(
        str(path), cv2.imdecode(png, cv2.IMREAD_COLOR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    print(path.relative_to(ROOT))


def photograph_evaluation(driver: str) -> None:
    """Evaluate the golden results of the demo bag; write a screenshot of the page."""
    results = read_results(Path('test/golden/demo'))  # relative, since the page shows the path
    truth = ROOT / 'demo' / 'truth.csv'
    page = make_evaluation_page(results, truth.name, evaluate(results, read_truth(truth)))
    with tempfile.TemporaryDirectory() as folder, window(driver, 1000, 1500) as browser:
        path = Path(folder) / 'evaluation.html'
        path.write_text(page, encoding='utf-8')
        browser.open(path.as_uri())
        photograph(browser, 'evaluation')


def main() -> int:
    """Write the screenshots of a desktop and a phone; return the exit code."""
    if missing():
        print(f'make_screenshots: {missing()} not found; install Chromium', file=sys.stderr)
        return 1
    pipeline = Pipeline()
    detector, *classifiers = pipeline.sidecars
    feeds = PipelineFeeds('demo/bag', Explainer(classifiers, detector.calibrated_as))
    with (
        ViewServer(feeds, Address(port=0)) as server,
        chromedriver() as driver,
        window(driver, 1280, 1000) as desktop,
        window(driver, 390, 844, mobile=True) as phone,
    ):
        for browser in (desktop, phone):
            browser.open(server.url)
        show_demo(feeds, pipeline)
        photograph(phone, 'live_view_phone')
        desktop.run(OPEN_SALIENCY, 1)
        desktop.wait(SALIENCY_SHOWN)
        photograph(desktop, 'live_view')
        photograph_evaluation(driver)
    return 0


if __name__ == '__main__':
    sys.exit(main())
