# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Where images come from: the subscription to the camera."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image

from face_affect.ros.cdr import ImageKind
from face_affect.ros.diagnostics import missing_images
from face_affect.ros.parameters import InputParameters

# Takes images from every publisher. Only the newest one matters.
QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def image_kind(parameters: InputParameters) -> ImageKind:
    """Return the message type of the images, by parameter image_transport."""
    return CompressedImage if parameters.image_transport == 'compressed' else Image


class ImageSubscription:
    """A subscription that hands over images as they came, serialised.

    So a message that is no image is no error of the executor, and one that is overtaken is
    never unpacked.
    """

    def __init__(self, node: Node, kind: ImageKind, take: Callable[[bytes], None]) -> None:
        """Subscribe on ``node`` to images of type ``kind``; ``take`` gets every image."""
        self._node = node
        self._type_name = f'sensor_msgs/msg/{kind.__name__}'
        self._subscription = node.create_subscription(
            kind,
            'image/compressed' if kind is CompressedImage else 'image',
            take,
            QOS,
            raw=True,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    @property
    def topic(self) -> str:
        """The resolved name of the topic."""
        return str(self._subscription.topic_name)

    def missing(self) -> str:
        """Say, as the rest of a sentence, why no image comes."""
        return missing_images(
            self.topic,
            self._type_name,
            self._subscription.qos_profile,
            self._node.get_publishers_info_by_topic(self.topic),
        )

    def destroy(self) -> None:
        """End the subscription."""
        self._node.destroy_subscription(self._subscription)
