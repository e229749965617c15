# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Subscribe to the images of a camera, raw or compressed."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image

from face_affect.ros.cdr import ImageKind
from face_affect.ros.diagnostics import missing_messages
from face_affect.ros.parameters import InputParameters

SUFFIX = '/compressed'
# Best effort matches every publisher's reliability; only the newest image is processed.
QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def image_kind(parameters: InputParameters) -> ImageKind:
    """Return the message type of the images, which parameter image_transport selects."""
    return CompressedImage if parameters.image_transport == 'compressed' else Image


def compressed_topic(node: Node) -> str:
    """Return the topic of compressed images: the remapped topic of image, and /compressed.

    This follows image_transport. A remapping of image/compressed itself takes precedence.
    """
    own = 'image' + SUFFIX
    if node.resolve_topic_name(own) != node.resolve_topic_name(own, only_expand=True):
        return own
    return node.resolve_topic_name('image').removesuffix(SUFFIX) + SUFFIX


def image_topics(node: Node) -> tuple[str, str]:
    """Return the resolved topics of raw and compressed images."""
    return node.resolve_topic_name('image'), node.resolve_topic_name(compressed_topic(node))


class ImageSubscription:
    """A subscription to images, which are passed on serialised.

    Messages stay serialised: a malformed one cannot raise in the executor, and a superseded one
    is never parsed.
    """

    def __init__(
        self, node: Node, kind: ImageKind, take: Callable[[bytes], None], qos: QoSProfile = QOS
    ) -> None:
        """Subscribe on ``node`` to images of type ``kind``; ``take`` is called with each."""
        self._node = node
        self._type_name = f'sensor_msgs/msg/{kind.__name__}'
        self._subscription = node.create_subscription(
            kind,
            compressed_topic(node) if kind is CompressedImage else 'image',
            take,
            qos,
            raw=True,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    @property
    def topic(self) -> str:
        """The resolved name of the topic."""
        return str(self._subscription.topic_name)

    @property
    def qos(self) -> str:
        """The QoS of the subscription as text."""
        profile = self._subscription.qos_profile
        return ', '.join(
            (
                f'reliability {profile.reliability.name.lower()}',
                f'durability {profile.durability.name.lower()}',
                f'depth {profile.depth}',
            )
        )

    def missing(self) -> str:
        """Return why no image arrives, as the end of a sentence."""
        return missing_messages(
            self.topic,
            self._type_name,
            self._subscription.qos_profile,
            self._node.get_publishers_info_by_topic(self.topic),
        )

    def silence(self, seconds: float) -> str:
        """Return the warning that no image has arrived for ``seconds``, and why."""
        return f'no image for {seconds:.0f} s{self.missing()}; the node subscribes with {self.qos}'

    def destroy(self) -> None:
        """Destroy the subscription."""
        self._node.destroy_subscription(self._subscription)
