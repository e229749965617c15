# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The debug images: drawn only while somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecyclePublisher
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.annotation import annotate
from face_affect.core.faces import FrameResult
from face_affect.ros.conversions import image_to_compressed_message, image_to_message
from face_affect.ros.rate import RateLimit


class DebugImages:
    """Publishes images with the results drawn in, raw and as JPEG."""

    def __init__(self, publisher: Callable[[type, str, int], LifecyclePublisher],
                 values: Callable[[], Mapping[str, Any]]) -> None:
        """Create the topics.

        Args:
            publisher: creates a publisher of a type and topic, with a depth.
            values: returns the parameters as they are now.

        """
        self._raw = publisher(Image, '~/debug_image', 1)
        self._compressed = publisher(CompressedImage, '~/debug_image/compressed', 1)
        self._values = values
        self._rate = RateLimit()

    def show(self, image: NDArray[np.uint8], result: FrameResult, header: Header) -> bool:
        """Draw and publish, if somebody subscribes and it is time; tell whether it was done."""
        raw = self._raw.get_subscription_count() > 0
        compressed = self._compressed.get_subscription_count() > 0
        values = self._values()
        if not (raw or compressed) or not self._rate.passes(values['debug_image_max_rate']):
            return False
        picture = annotate(image, result, values['debug_image_scale'])
        if raw:
            self._raw.publish(image_to_message(picture, header))
        if compressed:
            self._compressed.publish(image_to_compressed_message(picture, header))
        return True
