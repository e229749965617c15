# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Publish debug and saliency images, rendered only while they have a subscriber."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecyclePublisher
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.annotation import annotate, annotate_saliency
from face_affect.core.faces import FrameResult
from face_affect.core.saliency import Explainer
from face_affect.ros.conversions import image_to_compressed_message, image_to_message
from face_affect.ros.parameters import DebugParameters
from face_affect.ros.rate_limiter import RateLimiter


class DebugImages:
    """Publishes annotated images, raw and as JPEG, and saliency images."""

    def __init__(
        self,
        publisher: Callable[[type, str, int], LifecyclePublisher],
        parameters: Callable[[], DebugParameters],
    ) -> None:
        """Create the topics.

        Args:
            publisher: creates a publisher, from message type, topic and QoS depth.
            parameters: returns the current parameters.

        """
        self._raw = publisher(Image, '~/debug_image', 1)
        self._compressed = publisher(CompressedImage, '~/debug_image/compressed', 1)
        self._saliency = publisher(Image, '~/saliency', 1)
        self._parameters = parameters
        self._rate, self._saliency_rate = RateLimiter(), RateLimiter()

    def show(
        self,
        image: NDArray[np.uint8],
        result: FrameResult,
        header: Header,
        explainer: Explainer,
    ) -> bool:
        """Render and publish the images that are subscribed to and due; return whether any was.

        Args:
            image: the decoded image, BGR u8 [H, W, 3], not rotated; it may be reduced.
            result: the faces in it, in coordinates of the original image.
            header: of the image message.
            explainer: computes the saliency maps.

        """
        annotated = self._show_result(image, result, header)
        return self._show_saliency(image, result, header, explainer) or annotated

    def _show_result(self, image: NDArray[np.uint8], result: FrameResult, header: Header) -> bool:
        parameters = self._parameters()
        raw = self._raw.get_subscription_count() > 0
        compressed = self._compressed.get_subscription_count() > 0
        if not (raw or compressed) or not self._rate.passes(parameters.debug_image_max_rate):
            return False
        picture = annotate(image, result, self._scale(image, result))
        if raw:
            self._raw.publish(image_to_message(picture, header))
        if compressed:
            self._compressed.publish(image_to_compressed_message(picture, header))
        return True

    def _show_saliency(
        self,
        image: NDArray[np.uint8],
        result: FrameResult,
        header: Header,
        explainer: Explainer,
    ) -> bool:
        parameters = self._parameters()
        if not self._saliency.get_subscription_count() or not self._saliency_rate.passes(
            parameters.debug_image_max_rate
        ):
            return False
        explanations = explainer(image, result, parameters.saliency_of)
        picture = annotate_saliency(image, explanations, self._scale(image, result))
        self._saliency.publish(image_to_message(picture, header))
        return True

    def _scale(self, image: NDArray[np.uint8], result: FrameResult) -> float:
        """Return the scale of the drawing relative to ``image``, which may be reduced."""
        return min(1.0, self._parameters().debug_image_scale * result.width / image.shape[1])
