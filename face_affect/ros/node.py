# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The face_affect node: a managed (lifecycle) node around the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools
import os
import sys
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from face_affect_msgs.srv import GetFaces
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import (
    LifecycleNode,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from face_affect.core.affect_query import AffectCriteria
from face_affect.core.models import ModelError
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.core.tasks import TASKS
from face_affect.core.text import printable
from face_affect.ros.declaration import changed, declare, unlogged
from face_affect.ros.diagnostics import pipeline_status, publish_diagnostics
from face_affect.ros.executable import Executable, run
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.image_subscription import image_topics
from face_affect.ros.parameters import NodeParameters, REMOVED
from face_affect.ros.result_topics import ResultTopics
from face_affect.ros.session import Networks, Reporting, Session
from face_affect.ros.statistics import Report, Statistics
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.ros.transitions import refuse_impossible
from face_affect.ros.wait_for_affect import WaitForAffectServer
from face_affect.ros.worker import THREAD_NAME
from face_affect.signals import StopSignal

ANSWER_TIME = 0.3  # seconds for sending the results of aborted goals at shutdown
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR

Transition = Callable[['FaceAffectNode', LifecycleState], TransitionCallbackReturn]


def explained(transition: Transition) -> Transition:
    """Log the exceptions of ``transition``, which rclpy drops silently."""

    @functools.wraps(transition)
    def explaining(node: FaceAffectNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.note_fault(f'{transition.__name__} failed: {type(error).__name__}: {error}')
            return ERROR

    return explaining


class FaceAffectNode(LifecycleNode):
    """The lifecycle node: images in; faces with emotion and gender out.

    configure loads the models and creates the publishers, activate subscribes to the camera;
    deactivate and cleanup undo this. Services and action exist in every state, so that every
    request gets an answer.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters and create services and action.

        Raises:
            ValueError: a parameter has an invalid value.

        """
        with unlogged():
            super().__init__(
                'face_affect', automatically_declare_parameters_from_overrides=True, **kwargs
            )
        self._statistics = Statistics()
        self._reported: Report | None = None
        self._topics: ResultTopics | None = None  # from configure to cleanup
        self._networks: Networks | None = None  # from configure to cleanup
        self._session: Session | None = None  # from activate to deactivate, except during a pause
        self._first_id = 1
        self._enabled = True
        self._state = 'unconfigured'
        self._log = ThrottledLog(self.get_logger())
        self.faults = Faults(self._log, self._statistics.note_fault)
        refuse_impossible(self, lambda: self._state, self._log)
        self.create_service(SetBool, '~/enable', self._on_enable)
        self.create_service(GetFaces, '~/get_faces', self._on_get_faces)
        self._wait_server = WaitForAffectServer(self, self._refuse_goal, self._log)
        # Last: if it raises, rclpy calls destroy_node, which needs the attributes above.
        self._values = declare(self, NodeParameters, REMOVED, topics=image_topics(self))
        self.add_on_set_parameters_callback(self._on_parameters)
        publish_diagnostics(self, self.diagnose)

    def start(self) -> None:
        """Configure and activate the node if parameter autostart is true."""
        if self._values.lifecycle.autostart and self.trigger_configure() == SUCCESS:
            self.trigger_activate()

    def note_fault(self, error: str) -> None:
        """Note and log an error that belongs to no image."""
        self._statistics.note_error(printable(error))
        self._log.error('fault', error)

    def _note_output(self, kind: str, reason: str) -> None:
        """Note and log why an output that a parameter enables is not published."""
        self._statistics.note_error(reason)
        self._log.error(kind, reason)

    # Lifecycle

    @explained
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the models; on FAILURE, the reason is logged and the node stays unconfigured."""
        try:
            self._networks = self._load()
        except (ModelError, ValueError) as error:
            self._statistics.note_error(str(error))
            self.get_logger().error(printable(f'cannot configure: {error}'))
            return FAILURE
        self._statistics.note_error('')
        self._topics = ResultTopics(
            self, lambda: self._values, self._wait_server.add_result, self._note_output
        )
        self._state = 'inactive'
        names = ', '.join(sidecar.name for sidecar in self._networks.pipeline.sidecars)
        self.get_logger().info(f'configured with {names}')
        return super().on_configure(state)

    @explained
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start processing images."""
        activated = super().on_activate(state)
        self._state = 'active'
        if self._enabled:
            self._start_session()
        return activated

    @explained
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop processing images; nothing is published any more."""
        self._stop_session()
        self._wait_server.abort_all('the node was deactivated')
        self._state = 'inactive'
        return super().on_deactivate(state)

    @explained
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release models and topics."""
        self._release()
        # Clear the last error: it belongs to the previous configuration.
        self._statistics.note_error('')
        return super().on_cleanup(state)

    @explained
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop processing and release everything."""
        self._stop_session()
        self._wait_server.abort_all('the node was shut down')
        self._release()
        self._state = 'finalized'
        return super().on_shutdown(state)

    @explained
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured after an unexpected error in a transition."""
        self._stop_session()
        self._wait_server.abort_all('the node failed')
        self._release()
        return SUCCESS

    def _load(self) -> Networks:
        """Load and return the models.

        Raises:
            ModelError: a model cannot be loaded; the message says why.

        """
        values = self._values
        # Milliseconds since 1970, so that ids of earlier runs are not reused
        self._first_id = max(self._first_id, time.time_ns() // 1_000_000)
        pipeline = Pipeline(
            values.settings, values.models, values.runtime.num_threads, self._first_id
        )
        detector, *classifiers = pipeline.sidecars
        try:
            explainer = Explainer(classifiers, detector.calibrated_as, values.runtime.num_threads)
        except ModelError as error:
            # Saliency is optional.
            self.note_fault(f'no saliency images: {error}')
            explainer = Explainer((), detector.calibrated_as)
        return Networks(pipeline, explainer)

    def _release(self) -> None:
        if self._topics is not None:
            self._topics.destroy()
            self._topics = None
        self._drop_networks()
        self._state = 'unconfigured'

    def _drop_networks(self) -> None:
        if self._networks is not None:
            self._first_id = max(self._first_id, self._networks.pipeline.next_id)
            self._networks = None

    # Processing

    def _start_session(self) -> None:
        """Start processing images, unless it is running or the node is unconfigured.

        Raises:
            ModelError: a model cannot be loaded again.

        """
        if self._session is not None or self._topics is None:
            return
        if self._networks is None:  # left to a worker that was given up
            self._networks = self._load()
        self._reported = None
        self._session = Session(
            self,
            self._networks,
            self._topics,
            self._values,
            Reporting(self._statistics, self._log),
        )
        self.get_logger().info(f'waiting for images on {self._session.topic}')

    def _stop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None and not session.close():
            self._drop_networks()
            self.note_fault(
                'an image took too long: its worker was given up, and the models will be loaded '
                'again when processing starts'
            )

    # Services, parameters, diagnostics

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        try:
            if not request.data:
                self._stop_session()
            elif self._state == 'active':
                self._start_session()
        except Exception as error:
            self.note_fault(f'~/enable failed: {type(error).__name__}: {error}')
            response.message = printable(f'still {self._activity}: {error}')
            return response
        self._enabled = request.data
        response.success = True
        response.message = (
            'processing'
            if self._session
            else ('paused' if not self._enabled else f'enabled, but the node is {self._state}')
        )
        return response

    def _on_get_faces(
        self, request: GetFaces.Request, response: GetFaces.Response
    ) -> GetFaces.Response:
        newest = self._session.newest if self._session else None
        response.success = newest is not None
        if newest is not None:
            response.faces = newest
        elif self._statistics.report().processed:
            response.message = (
                f'no result since processing started or stopped; the node is {self._activity}'
            )
        else:
            response.message = f'no result yet; the node is {self._activity}'
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
            self._values = changed(self._values, changes, self._topics is not None)
        except (ValueError, TypeError) as error:
            return SetParametersResult(successful=False, reason=printable(error))
        if self._networks is not None:
            self._networks.pipeline.settings = self._values.settings
        if self._session is not None:
            self._session.change(self._values)
        return SetParametersResult(successful=True)

    def diagnose(self) -> DiagnosticStatus:
        """Return the status of the pipeline; log a warning if no image arrives."""
        report, session = self._statistics.report(), self._session
        if session is not None:
            session.warn_if_silent(report.received)
        silent = self._reported is not None and report.received == self._reported.received
        status = pipeline_status(
            self.get_fully_qualified_name().lstrip('/'),
            self._activity,
            session.topic if session else 'none',
            report,
            self._reported,
            self._networks.pipeline if self._networks else None,
            session.missing() if session and silent else '',
            session.problems if session else {},
        )
        self._reported = report
        return status

    def close(self) -> bool:
        """Stop processing; return whether goals were aborted, whose results must still be sent."""
        self._stop_session()
        return self._wait_server.abort_all('the node was shut down')

    def destroy_node(self) -> None:
        """Stop the worker, then destroy the node."""
        self._stop_session()
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
    """Run the node until it is ``stopped``; return the exit code, 1 for an invalid parameter."""
    code = run('face_affect', FaceAffectNode, serve, stopped, arguments)
    if any(thread.name == THREAD_NAME for thread in threading.enumerate()):
        # A worker that was given up still runs library code, which a normal exit would unload.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
