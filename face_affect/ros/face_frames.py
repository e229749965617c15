# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Publish faces as TF frames, as in REP-155."""

from __future__ import annotations

from collections.abc import Callable
import math

from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.lifecycle import LifecyclePublisher
from std_msgs.msg import Header

from face_affect.core.faces import FrameResult
from face_affect.core.ros4hri import face_frame
from face_affect.ros.optional_messages import load_messages

DEPTH = 100  # of the QoS, as in tf2_ros' broadcasters


class FaceFrames:
    """Publishes a frame on /tf for each face of known position."""

    def __init__(
        self,
        create: Callable[[type, str, int], LifecyclePublisher],
        on_problem: Callable[[str, str], None],
    ) -> None:
        """Create the publisher.

        Args:
            create: creates a publisher, from message type, topic and QoS depth.
            on_problem: called with a keyword and a sentence if frames cannot be published.

        Raises:
            MissingMessagesError: tf2_msgs is not installed.

        """
        self._tf = load_messages('tf2_msgs', 'TFMessage', 'publish_tf')
        self._on_problem = on_problem
        self._publisher = create(self._tf.TFMessage, '/tf', DEPTH)

    def publish(self, result: FrameResult, header: Header) -> None:
        """Publish the frames for the result of the image with ``header``."""
        found = transforms(result, header)
        if not found:
            return
        if not header.frame_id or not (header.stamp.sec or header.stamp.nanosec):
            missing = 'stamp' if header.frame_id else 'frame_id'
            self._on_problem(
                'tf', f'no tf: the images have no {missing}; configure the camera driver to set it'
            )
            return
        self._publisher.publish(self._tf.TFMessage(transforms=found))


def transforms(result: FrameResult, header: Header) -> list[TransformStamped]:
    """Return the frame of each face of known position.

    The parent is the frame of ``header``: the camera's optical frame (REP-103: x right, y down,
    z forward). The origin is the face's position, metres. The axes are as in REP-155: x forward
    out of the face, z towards the top of the head. The head's orientation is not estimated: the
    axes are those of an upright face that looks towards the camera, parallel to the optical axis.
    """
    rotation = facing_camera(result.rotate)
    return [
        TransformStamped(
            header=header,
            child_frame_id=face_frame(face.id),
            transform=Transform(translation=_vector(face.location.position), rotation=rotation),
        )
        for face in result.faces
        if face.location and face.location.position
    ]


def facing_camera(rotate: int) -> Quaternion:
    """Return the orientation, in the optical frame, of an upright face parallel to the image.

    ``rotate``: clockwise rotation that makes the image upright, degrees.
    """
    # In an upright image, the face's x, y, z are the camera's -z, x, -y: (x, y, z, w) is
    # (1, 1, -1, 1) / 2. This is followed by a rotation by -rotate about the camera's z.
    half = math.radians(-rotate / 2)
    c, s = math.cos(half) / 2, math.sin(half) / 2
    return Quaternion(x=c - s, y=c + s, z=s - c, w=c + s)


def _vector(xyz: tuple[float, float, float]) -> Vector3:
    x, y, z = xyz
    return Vector3(x=x, y=y, z=z)
