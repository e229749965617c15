# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The feeds of the page: state, annotated image and saliency, each the newest only."""

from __future__ import annotations

from collections.abc import Callable
import functools
import time

import numpy as np
from numpy.typing import NDArray

from face_affect.core.annotation import annotate, annotate_saliency
from face_affect.core.faces import Box, Face, FrameResult
from face_affect.core.images import encode_jpeg
from face_affect.core.saliency import Explainer
from face_affect.core.tasks import EMOTION
from face_affect.view.feed import Feed
from face_affect.view.state import ended, greeting, RateMeter, state

Image = NDArray[np.uint8]
MARGIN = 0.4  # on each side of a cropped face, relative to the size of its box


class Feeds:
    """The three feeds of one camera.

    Images are published as functions, which the server's thread calls only while a browser shows
    them: drawing and encoding never delay the pipeline.
    """

    def __init__(self, source: str, latency_of: str) -> None:
        """Start empty; the arguments are those of ``greeting``."""
        self.greeting = greeting(source, latency_of)
        self.state: Feed[str] = Feed()
        self.picture: Feed[Callable[[], bytes]] = Feed()
        self.saliency: Feed[Callable[[], Image]] = Feed()
        self._rate = RateMeter()
        self._faces: dict[int, Face] = {}
        self._width = 0
        self._last = state(FrameResult(0.0, 0, 0), None, None)

    def show(self, result: FrameResult, latency: float | None = None) -> None:
        """Publish a result; ``latency``: seconds, None if unknown."""
        self._faces = {face.id: face for face in result.faces}
        self._width = result.width
        self._last = state(result, self._rate.note(time.monotonic()), latency)
        self.state.publish(self._last)

    def end(self) -> None:
        """Publish that the input has ended; the last image stays visible."""
        self.state.publish(ended(self._last))

    def saliency_of(self, id: int, image: Image) -> bytes | None:
        """Return the crop of a saliency image around a face as JPEG.

        Args:
            id: of the face.
            image: the saliency image, u8 [H, W, 3] BGR, of any scale.

        Returns:
            the JPEG; None if the newest result does not have the face.

        """
        face = self._faces.get(id)
        if face is None or not self._width:
            return None
        return encode_jpeg(cut_out(image, face.detection.box, image.shape[1] / self._width))

    def close(self) -> None:
        """End all followers."""
        for feed in (self.state, self.picture, self.saliency):
            feed.close()


class PipelineFeeds(Feeds):
    """The feeds of a pipeline in this process."""

    def __init__(self, source: str, explainer: Explainer) -> None:
        """Start empty; ``source``: name of the input; ``explainer``: computes saliency maps."""
        super().__init__(source, "from the image's arrival to its result")
        self._explainer = explainer

    def show_image(self, image: Image, result: FrameResult, latency: float) -> None:
        """Publish a result and its image.

        Args:
            image: u8 [H, W, 3] BGR, which must not be changed afterwards.
            result: the faces in it.
            latency: seconds.

        """
        self.show(result, latency)
        # Called on one thread at a time, and cached for several browsers
        self.picture.publish(functools.cache(lambda: encode_jpeg(annotate(image, result))))
        self.saliency.publish(functools.cache(lambda: self._explained(image, result)))

    def _explained(self, image: Image, result: FrameResult) -> Image:
        return annotate_saliency(image, self._explainer(image, result, EMOTION.name))


def cut_out(image: Image, box: Box, scale: float) -> Image:
    """Return the crop of ``image`` around ``box`` with a margin.

    ``scale``: pixels of ``image`` per unit of ``box``.
    """
    wide = Box(
        (box.x - MARGIN * box.width) * scale,
        (box.y - MARGIN * box.height) * scale,
        (1 + 2 * MARGIN) * box.width * scale,
        (1 + 2 * MARGIN) * box.height * scale,
    )
    height, width = image.shape[:2]
    x, y, w, h = wide.region(width, height)
    return image[y : y + max(h, 1), x : x + max(w, 1)]
