# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Publish results on all topics of a configured node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from face_affect_msgs.msg import FaceAffectArray
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from face_affect.core.faces import FrameResult
from face_affect.ros.debug_images import DebugImages
from face_affect.ros.detections import DetectionTopic
from face_affect.ros.face_frames import FaceFrames
from face_affect.ros.markers import markers
from face_affect.ros.optional_messages import MissingMessagesError
from face_affect.ros.parameters import NodeParameters


class ResultPublisher(Protocol):
    """A publisher of results in messages of another package."""

    def publish(self, result: FrameResult, header: Header) -> None:
        """Publish the result of the image with ``header``."""


class ResultTopics:
    """The topics ~/faces, ~/markers, debug images, and outputs that parameters enable.

    Created by configure, destroyed by cleanup.
    """

    def __init__(
        self,
        node: LifecycleNode,
        parameters: Callable[[], NodeParameters],
        on_result: Callable[[FrameResult], None],
        on_problem: Callable[[str, str], None],
    ) -> None:
        """Create the publishers.

        Args:
            node: owns the lifecycle publishers.
            parameters: returns the current parameters.
            on_result: called with each result after it was published, on the same thread.
            on_problem: called with a keyword and a sentence if an enabled output is not
                published.

        """
        self._node = node
        self._on_result = on_result
        self._on_problem = on_problem
        self._publishers: list[LifecyclePublisher] = []
        self._faces = self._create(FaceAffectArray, '~/faces', 10)
        self._markers = self._create(MarkerArray, '~/markers', 1)
        self.debug_images = DebugImages(self._create, lambda: parameters().debug)
        self._outputs = self._create_outputs(parameters())

    def _create(self, kind: type, topic: str, depth: int) -> LifecyclePublisher:
        publisher: LifecyclePublisher = self._node.create_lifecycle_publisher(
            kind, topic, QoSProfile(depth=depth)
        )
        self._publishers.append(publisher)
        return publisher

    def _create_outputs(self, parameters: NodeParameters) -> list[ResultPublisher]:
        wanted: dict[str, Callable[[], ResultPublisher]] = {}
        if parameters.output.publish_detections:
            wanted['detections'] = lambda: DetectionTopic(self._create)
        if parameters.localisation.publish_tf:
            wanted['tf'] = lambda: FaceFrames(self._create, self._on_problem)
        outputs = []
        for name, create in wanted.items():
            try:
                outputs.append(create())
            except MissingMessagesError as error:
                self._on_problem(name, f'no {name}: {error}')
        return outputs

    def publish(self, message: FaceAffectArray, result: FrameResult) -> None:
        """Publish a result; ``message`` has the same content."""
        self._faces.publish(message)
        self._on_result(result)
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(markers(message))
        for output in self._outputs:
            output.publish(result, message.header)

    def destroy(self) -> None:
        """Destroy the publishers."""
        while self._publishers:
            self._node.destroy_lifecycle_publisher(self._publishers.pop())
