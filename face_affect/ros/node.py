# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The node: a managed node around the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
import functools
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from face_affect_msgs.msg import FaceAffectArray
from face_affect_msgs.srv import GetFaces
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import (
    LifecycleNode,
    LifecyclePublisher,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from visualization_msgs.msg import MarkerArray

from face_affect.core.affect_query import AffectCriteria
from face_affect.core.faces import FrameResult
from face_affect.core.models import ModelError
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.core.tasks import TASKS
from face_affect.core.text import printable
from face_affect.ros.conversions import result_to_message
from face_affect.ros.debug_images import DebugImages
from face_affect.ros.declaration import changed, declare, unlogged
from face_affect.ros.diagnostics import diagnostic_array
from face_affect.ros.executable import Executable, run
from face_affect.ros.face_localiser import FaceLocaliser
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.image_subscription import image_kind, ImageSubscription
from face_affect.ros.markers import markers
from face_affect.ros.parameters import NodeParameters, REMOVED
from face_affect.ros.statistics import Report, Statistics
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.ros.wait_for_affect import WaitForAffectServer
from face_affect.ros.worker import Worker
from face_affect.signals import StopSignal

DIAGNOSTICS_PERIOD = 1.0  # seconds
ANSWER_TIME = 0.3  # seconds that the answers of ended goals get on the way
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR

Transition = Callable[['FaceAffectNode', LifecycleState], TransitionCallbackReturn]


def explained(transition: Transition) -> Transition:
    """Log what ``transition`` raises: rclpy itself drops it without a word."""

    @functools.wraps(transition)
    def explaining(node: FaceAffectNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.note_fault(f'{transition.__name__} failed: {type(error).__name__}: {error}')
            return ERROR

    return explaining


class FaceAffectNode(LifecycleNode):
    """Images in; faces, emotions and genders out.

    configure loads the models and offers the topics, activate subscribes to the
    camera, deactivate and cleanup undo them. Services and action are there as long as the
    node is, so that whoever asks gets an answer in every state.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters and offer the services.

        Raises:
            ValueError: a parameter was started with a wrong value.

        """
        with unlogged():
            super().__init__(
                'face_affect', automatically_declare_parameters_from_overrides=True, **kwargs
            )
        self._statistics = Statistics()
        self._reported: Report | None = None
        self._configured = ExitStack()  # destroys what configure made
        self._pipeline: Pipeline | None = None
        self._worker: Worker | None = None
        self._input: ImageSubscription | None = None
        self._newest: FaceAffectArray | None = None
        self._geometry: FaceLocaliser | None = None
        self._first_id = 1
        self._enabled = True
        self._state = 'unconfigured'
        self._log = ThrottledLog(self.get_logger())
        self.faults = Faults(self._log)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self.create_service(GetFaces, '~/get_faces', self._on_get_faces)
        self._wait_server = WaitForAffectServer(self, self._refuse_goal)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Steady: diagnostics go on where simulated time stands still.
        self.create_timer(
            DIAGNOSTICS_PERIOD,
            self._publish_diagnostics,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )
        # Last, since it may fail: rclpy then calls destroy_node on what there is.
        self._values = declare(self, NodeParameters, REMOVED)
        self.add_on_set_parameters_callback(self._on_parameters)

    def start(self) -> None:
        """Configure and activate, if parameter autostart asks for it."""
        if self._values.lifecycle.autostart and self.trigger_configure() == SUCCESS:
            self.trigger_activate()

    def note_fault(self, error: str) -> None:
        """Note and log an error that belongs to no image."""
        self._statistics.note_error(printable(error))
        self._log.error('fault', error)

    # Lifecycle

    @explained
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the models; FAILURE, with the reason logged, leaves the node unconfigured."""
        values = self._values
        # Milliseconds since 1970: what an earlier run gave out is never given again.
        self._first_id = max(self._first_id, time.time_ns() // 1_000_000)
        try:
            self._pipeline = Pipeline(
                values.settings, values.models, values.runtime.num_threads, self._first_id
            )
        except (ModelError, ValueError) as error:
            self._statistics.note_error(str(error))
            self.get_logger().error(f'cannot configure: {error}')
            return FAILURE
        self._statistics.note_error('')
        self._faces = self._managed_publisher(FaceAffectArray, '~/faces', 10)
        self._markers = self._managed_publisher(MarkerArray, '~/markers', 1)
        self._debug_images = DebugImages(
            self._managed_publisher, lambda: self._values.debug, self._explainer(self._pipeline)
        )
        self._state = 'inactive'
        names = ', '.join(sidecar.name for sidecar in self._pipeline.sidecars)
        self.get_logger().info(f'configured with {names}')
        return super().on_configure(state)

    @explained
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to process images."""
        activated = super().on_activate(state)
        self._state = 'active'
        if self._enabled:
            self._start_processing()
        return activated

    @explained
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to process images; nothing is published any more."""
        self._stop_processing()
        self._wait_server.abort_all('the node was deactivated')
        self._state = 'inactive'
        return super().on_deactivate(state)

    @explained
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release models and topics."""
        self._release()
        # What befell images says nothing about the next configuration.
        self._statistics.note_error('')
        return super().on_cleanup(state)

    @explained
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and release everything."""
        self._stop_processing()
        self._wait_server.abort_all('the node was shut down')
        self._release()
        self._state = 'finalized'
        return super().on_shutdown(state)

    @explained
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured after an unexpected error in a transition."""
        self._stop_processing()
        self._wait_server.abort_all('the node failed')
        self._release()
        return SUCCESS

    def _managed_publisher(self, kind: type, topic: str, depth: int) -> LifecyclePublisher:
        publisher: LifecyclePublisher = self.create_lifecycle_publisher(
            kind, topic, QoSProfile(depth=depth)
        )
        self._configured.callback(self.destroy_lifecycle_publisher, publisher)
        return publisher

    def _explainer(self, pipeline: Pipeline) -> Explainer:
        detector, *classifiers = pipeline.sidecars
        try:
            return Explainer(classifiers, detector.name, self._values.runtime.num_threads)
        except ModelError as error:
            # A robot can do without reasons.
            self.note_fault(f'no saliency images: {error}')
            return Explainer((), detector.name)

    def _release(self) -> None:
        self._configured.close()
        if self._pipeline is not None:
            self._first_id = self._pipeline.next_id
        self._pipeline = None
        self._state = 'unconfigured'

    # Processing

    def _start_processing(self) -> None:
        if self._pipeline is None:
            return
        self._pipeline.reset()
        self._reported = None
        if self._values.localisation.needed:
            self._geometry = FaceLocaliser(self, self._values.localisation, self._log.warning)
        self._worker = Worker(
            self._pipeline,
            self._statistics,
            image_kind(self._values.input),
            self._publish,
            self._debug_images.show,
            self._now,
            self._log_drop,
            self._values.input,
        )
        self._input = ImageSubscription(self, image_kind(self._values.input), self._worker.put)
        self.get_logger().info(f'waiting for images on {self._input.topic}')

    def _stop_processing(self) -> None:
        if self._input is not None:
            self._input.destroy()
            self._input = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        self._newest = None  # Of people who may have gone long before anybody asks
        if self._geometry is not None:
            self._geometry.destroy()
            self._geometry = None

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _publish(self, result: FrameResult, header: Header, elapsed: float) -> None:
        if self._geometry is not None:
            result = self._geometry.locate(result, header)
        message = result_to_message(result, header, elapsed)
        self._newest = message
        self._faces.publish(message)
        self._wait_server.add_result(result)
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(markers(message))

    def _log_drop(self, reason: str, error: str) -> None:
        self._log.warning(reason, f'image dropped ({reason}): {error}')

    # Services, parameters, diagnostics

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if self._state == 'active' and request.data and self._worker is None:
            self._start_processing()
        elif not request.data:
            self._stop_processing()
        response.success = True
        response.message = (
            'processing'
            if self._worker
            else ('paused' if not self._enabled else f'enabled, but the node is {self._state}')
        )
        return response

    def _on_get_faces(
        self, request: GetFaces.Request, response: GetFaces.Response
    ) -> GetFaces.Response:
        newest = self._newest
        response.success = newest is not None
        if newest is None:
            response.message = f'no result yet; the node is {self._activity}'
        else:
            response.faces = newest
        return response

    @property
    def _activity(self) -> str:
        """The lifecycle state, or 'paused'."""
        return 'paused' if self._state == 'active' and not self._enabled else self._state

    def _refuse_goal(self, wanted: AffectCriteria) -> str | None:
        if self._state != 'active':
            return f'the node is {self._state}'
        for task in TASKS:
            if task.name in wanted.labels and not self._values.settings.enabled(task):
                return f'{task.name} is switched off (parameter enable_{task.name})'
        return None

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            self._values = changed(self._values, changes, self._pipeline is not None)
        except (ValueError, TypeError) as error:
            return SetParametersResult(successful=False, reason=printable(error))
        if self._pipeline is not None:
            self._pipeline.settings = self._values.settings
        if self._worker is not None:
            self._worker.limits = self._values.input
        return SetParametersResult(successful=True)

    def _publish_diagnostics(self) -> None:
        report = self._statistics.report()
        silent = self._reported is not None and report.received == self._reported.received
        missing = self._input.missing() if self._input and silent else ''
        self._diagnostics.publish(
            diagnostic_array(
                self.get_fully_qualified_name().lstrip('/'),
                self._activity,
                self._input.topic if self._input else 'none',
                self.get_clock().now(),
                report,
                self._reported,
                self._pipeline,
                missing,
                dict(self._geometry.problems) if self._geometry else {},
            )
        )
        self._reported = report

    def close(self) -> bool:
        """Stop processing; return whether goals were ended, whose answers are to be sent yet."""
        self._stop_processing()
        return self._wait_server.abort_all('the node was shut down')

    def destroy_node(self) -> None:
        """Stop the worker before the node goes."""
        self._stop_processing()
        self._release()
        self._wait_server.destroy()
        super().destroy_node()


def serve(node: FaceAffectNode, executable: Executable) -> int:
    """Run the node until a signal comes; return the exit code."""
    node.start()
    executable.spin()
    if node.close():
        executable.finish(ANSWER_TIME, lambda: False)
    return 0


def main(stopped: StopSignal, arguments: Sequence[str] | None = None) -> int:
    """Run the node until it is ``stopped``; return the exit code, 1 for a wrong parameter."""
    return run('face_affect', FaceAffectNode, serve, stopped, arguments)
