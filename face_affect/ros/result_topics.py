# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The topics that a configured node publishes results on."""

from __future__ import annotations

from collections.abc import Callable

from face_affect_msgs.msg import FaceAffectArray
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from visualization_msgs.msg import MarkerArray

from face_affect.core.faces import FrameResult
from face_affect.ros.debug_images import DebugImages
from face_affect.ros.markers import markers
from face_affect.ros.parameters import DebugParameters


class ResultTopics:
    """~/faces and ~/markers, and the debug images; made by configure, destroyed by cleanup."""

    def __init__(
        self,
        node: LifecycleNode,
        parameters: Callable[[], DebugParameters],
        on_result: Callable[[FrameResult], None],
    ) -> None:
        """Create the publishers.

        Args:
            node: which manages the publishers.
            parameters: returns the parameters of debug images as they are now.
            on_result: called with each result after it was published, on the same thread.

        """
        self._node = node
        self._on_result = on_result
        self._publishers: list[LifecyclePublisher] = []
        self._faces = self._create(FaceAffectArray, '~/faces', 10)
        self._markers = self._create(MarkerArray, '~/markers', 1)
        self.debug_images = DebugImages(self._create, parameters)

    def _create(self, kind: type, topic: str, depth: int) -> LifecyclePublisher:
        publisher: LifecyclePublisher = self._node.create_lifecycle_publisher(
            kind, topic, QoSProfile(depth=depth)
        )
        self._publishers.append(publisher)
        return publisher

    def publish(self, message: FaceAffectArray, result: FrameResult) -> None:
        """Publish a result; ``message`` has the same content."""
        self._faces.publish(message)
        self._on_result(result)
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(markers(message))

    def destroy(self) -> None:
        """Destroy the publishers."""
        while self._publishers:
            self._node.destroy_lifecycle_publisher(self._publishers.pop())
