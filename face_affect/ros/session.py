# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A session: the processing of images from activation or resumption to deactivation or pause.

========  =========================================================  ==========================
thread    calls                                                      guarded by
========  =========================================================  ==========================
executor  transitions, services, timers, ``Worker.put``              one thread
executor  ``FaceLocaliser``: each CameraInfo, depth image            its lock
worker    pipeline, explainer, ``publish``, ``show``                 no other use
worker    ``FaceLocaliser.locate``                                   its lock
worker    ``WaitForAffectServer.add_result``                         a deque, a guard condition
both      ``Mailbox``, ``Statistics``, ``ThrottledLog``, ``Faults``  their locks
========  =========================================================  ==========================

The executor runs on the main thread; each session has a worker of its own.

These need no lock, since one thread assigns a reference, which is atomic, and the other reads it:
``Session.newest`` and ``Session._closed`` (a result that is just being published is valid),
``Worker.limits`` and ``Pipeline.settings`` (both are frozen and apply from the next image on).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from face_affect_msgs.msg import FaceAffectArray
import numpy as np
from numpy.typing import NDArray
from rclpy.logging import LoggingSeverity
from rclpy.node import Node
from std_msgs.msg import Header

from face_affect.core.faces import FrameResult
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.ros.conversions import result_to_message
from face_affect.ros.face_localiser import FaceLocaliser
from face_affect.ros.image_subscription import image_kind, ImageSubscription
from face_affect.ros.parameters import NodeParameters
from face_affect.ros.result_topics import ResultTopics
from face_affect.ros.silence import Silence
from face_affect.ros.statistics import Statistics
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.ros.worker import Worker


@dataclass(frozen=True)
class Networks:
    """The loaded models, used by the worker of one session at a time."""

    pipeline: Pipeline
    explainer: Explainer


@dataclass(frozen=True)
class Reporting:
    """The counters and the log of a session; both are thread-safe and outlive it."""

    statistics: Statistics
    log: ThrottledLog


class Session:
    """Owns the image subscription, the worker, the face localiser and the newest result."""

    def __init__(
        self,
        node: Node,
        networks: Networks,
        topics: ResultTopics,
        parameters: NodeParameters,
        reporting: Reporting,
    ) -> None:
        """Start processing images; if a step raises, the earlier ones are undone."""
        self.newest: FaceAffectArray | None = None
        self._node = node
        self._networks = networks
        self._topics = topics
        self._reporting = reporting
        self._closed = False
        self._localiser: FaceLocaliser | None = None
        self._silence = Silence(reporting.statistics.report().received)
        networks.pipeline.reset()
        kind = image_kind(parameters.input)
        with ExitStack() as undo:
            if parameters.localisation.needed:
                self._localiser = FaceLocaliser(
                    node, parameters.localisation, reporting.log.warning
                )
                undo.callback(self._localiser.destroy)
            self._worker = Worker(
                networks.pipeline, reporting.statistics, kind, self, parameters.input
            )
            undo.callback(self._worker.stop)
            self._subscription = ImageSubscription(node, kind, self._worker.put)
            undo.callback(self._subscription.destroy)
            self._undo = undo.pop_all()

    @property
    def topic(self) -> str:
        """The resolved name of the image topic."""
        return self._subscription.topic

    @property
    def problems(self) -> dict[str, int]:
        """The number of images whose faces were not located, by reason."""
        return self._localiser.problems if self._localiser else {}

    def change(self, parameters: NodeParameters) -> None:
        """Apply changed parameters from the next image on."""
        self._networks.pipeline.settings = parameters.settings
        self._worker.limits = parameters.input

    def close(self) -> bool:
        """Stop processing; return True if the worker ended, False if it was given up.

        A worker that was given up may still use the networks: do not use them again.
        """
        self._closed = True
        self._undo.close()
        ended = not self._worker.running
        # Break the reference cycle with the worker: otherwise the networks, tens of megabytes
        # after a few configurations, stay in memory until the next garbage collection.
        del self._worker, self._subscription
        return ended

    def missing(self) -> str:
        """Return why no image arrives, as the end of a sentence."""
        return self._subscription.missing()

    def warn_if_silent(self, received: int) -> None:
        """Log a warning if no image has arrived for a while; ``received``: images so far."""
        seconds = self._silence.due(received)
        if seconds is not None:
            self._node.get_logger().warning(self._subscription.silence(seconds))

    # Called by the worker, on its thread

    def now(self) -> int:
        """Return the node's time in nanoseconds."""
        return int(self._node.get_clock().now().nanoseconds)

    def publish(self, result: FrameResult, header: Header, elapsed: float) -> None:
        """Publish a result that took ``elapsed`` seconds."""
        if self._closed:
            return
        if self._localiser is not None:
            result = self._localiser.locate(result, header)
        message = result_to_message(result, header, elapsed)
        self.newest = message
        self._topics.publish(message, result)
        logger = self._node.get_logger()
        # rclpy inspects the call stack of each log call, even below the level.
        if logger.is_enabled_for(LoggingSeverity.DEBUG):
            stamp = f'{header.stamp.sec}.{header.stamp.nanosec:09d}'
            logger.debug(f'image {stamp}: faces={len(result.faces)}, {elapsed * 1e3:.1f} ms')

    def show(self, image: NDArray[np.uint8], result: FrameResult, header: Header) -> bool:
        """Publish debug and saliency images; return whether any was subscribed to and due."""
        if self._closed:
            return False
        return self._topics.debug_images.show(image, result, header, self._networks.explainer)

    def note_drop(self, reason: str, error: str) -> None:
        """Log an image that gave no result; ``reason`` is the drop reason, a keyword."""
        self._reporting.log.warning(reason, f'image dropped ({reason}): {error}')
