# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Publish faces as vision_msgs/Detection2DArray, which generic detection tools read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import Point, Pose, PoseWithCovariance
from rclpy.lifecycle import LifecyclePublisher
from std_msgs.msg import Header

from face_affect.core.faces import Face, FrameResult
from face_affect.ros.optional_messages import load_messages

FACE = 'face'  # class of the first hypothesis


class DetectionTopic:
    """The topic ~/detections."""

    def __init__(self, create: Callable[[type, str, int], LifecyclePublisher]) -> None:
        """Create the topic; ``create`` takes message type, topic and QoS depth.

        Raises:
            MissingMessagesError: vision_msgs is not installed.

        """
        self._vision = load_messages('vision_msgs', 'Detection2DArray', 'publish_detections')
        self._publisher = create(self._vision.Detection2DArray, '~/detections', 10)

    def publish(self, result: FrameResult, header: Header) -> None:
        """Publish the result of the image with ``header``, if there is a subscriber."""
        if self._publisher.get_subscription_count() > 0:
            self._publisher.publish(detections(self._vision, result, header))


def detections(vision: Any, result: FrameResult, header: Header) -> Any:
    """Return a result as Detection2DArray.

    Each detection has the face's id in decimal and its box, clipped to the image. Its first
    hypothesis is 'face' with the detection score; the others are all classes of the enabled
    tasks, such as 'happy' and 'female', with their smoothed probabilities. The position of all
    hypotheses is that of the face, metres in the camera's frame; zero if unknown.

    Args:
        vision: the module vision_msgs.msg.
        result: the faces of one image.
        header: of that image.

    """
    return vision.Detection2DArray(
        header=header,
        detections=[_detection(vision, face, result, header) for face in result.faces],
    )


def _detection(vision: Any, face: Face, result: FrameResult, header: Header) -> Any:
    box = face.detection.box.clipped(result.width, result.height)
    x, y = box.centre
    centre = vision.Pose2D(position=vision.Point2D(x=x, y=y))
    pose = _pose(face)
    return vision.Detection2D(
        header=header,
        id=str(face.id),
        bbox=vision.BoundingBox2D(center=centre, size_x=box.width, size_y=box.height),
        results=[
            vision.ObjectHypothesisWithPose(
                hypothesis=vision.ObjectHypothesis(class_id=name, score=score), pose=pose
            )
            for name, score in _hypotheses(face)
        ],
    )


def _hypotheses(face: Face) -> list[tuple[str, float]]:
    classes = [
        pair
        for estimate in face.estimates.values()
        for pair in zip(estimate.labels, estimate.probabilities)
    ]
    return [(FACE, face.detection.score), *classes]


def _pose(face: Face) -> PoseWithCovariance:
    if face.location is None or face.location.position is None:
        return PoseWithCovariance()
    x, y, z = face.location.position
    return PoseWithCovariance(pose=Pose(position=Point(x=x, y=y, z=z)))
