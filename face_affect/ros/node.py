"""The node: a managed node around the pipeline."""

from __future__ import annotations

from contextlib import ExitStack
import sys
import time
from typing import Any, Optional

from diagnostic_msgs.msg import DiagnosticArray
from face_affect_msgs.msg import FaceAffectArray
from face_affect_msgs.srv import GetFaces
import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import (
    LifecycleNode,
    LifecyclePublisher,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from visualization_msgs.msg import MarkerArray

from face_affect.core.annotation import annotate
from face_affect.core.faces import FrameResult
from face_affect.core.models import ModelError
from face_affect.core.pipeline import ModelNames, Pipeline
from face_affect.core.watch import Wanted
from face_affect.ros.camera_geometry import CameraGeometry
from face_affect.ros.conversions import (
    image_to_compressed_message,
    image_to_message,
    result_to_message,
)
from face_affect.ros.diagnostics import diagnostic_array, missing_images
from face_affect.ros.markers import markers
from face_affect.ros.parameters import (
    check_change,
    declare_parameters,
    limits_from,
    settings_from,
    values_of,
)
from face_affect.ros.rate import RateLimit
from face_affect.ros.statistics import Report, Statistics
from face_affect.ros.wait_for_affect import WaitForAffectServer
from face_affect.ros.worker import Worker

DIAGNOSTICS_PERIOD = 1.0  # seconds
LOG_PERIOD = 30.0  # seconds between two lines about the same kind of drop
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class FaceAffectNode(LifecycleNode):
    """Images in; faces, emotions and genders out.

    configure loads the models and offers topics and services, activate
    subscribes to the camera, deactivate and cleanup undo them.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Declare the parameters; everything else waits for configure."""
        super().__init__('face_affect', **kwargs)
        declare_parameters(self)
        self._values = values_of(self)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._statistics = Statistics()
        self._reported: Optional[Report] = None
        self._configured = ExitStack()  # destroys what configure made
        self._pipeline: Optional[Pipeline] = None
        self._worker: Optional[Worker] = None
        self._subscription: Optional[Subscription] = None
        self._wait_server: Optional[WaitForAffectServer] = None
        self._newest: Optional[FaceAffectArray] = None
        self._geometry: Optional[CameraGeometry] = None
        self._debug_rate = RateLimit()
        self._enabled = True
        self._state = 'unconfigured'
        self._logged: dict[str, float] = {}
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Steady: diagnostics go on where simulated time stands still.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady)

    def start(self) -> None:
        """Configure and activate, if parameter autostart asks for it."""
        if self._values['autostart'] and self.trigger_configure() == SUCCESS:
            self.trigger_activate()

    # Lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the models; FAILURE, with the reason logged, leaves the node unconfigured."""
        values = self._values
        try:
            models = ModelNames(
                values['detector_model'], values['emotion_model'], values['gender_model'])
            # Milliseconds since 1970: what an earlier run gave out is never given again.
            self._pipeline = Pipeline(settings_from(values), models, values['num_threads'],
                                      first_id=time.time_ns() // 1_000_000)
        except (ModelError, ValueError) as error:
            self.get_logger().error(f'cannot configure: {error}')
            self._statistics.note_error(str(error))
            return FAILURE
        self._statistics.note_error('')
        self._faces = self._managed_publisher(FaceAffectArray, '~/faces', depth=10)
        self._debug_image = self._managed_publisher(Image, '~/debug_image', depth=1)
        self._debug_compressed = self._managed_publisher(
            CompressedImage, '~/debug_image/compressed', depth=1)
        self._markers = self._managed_publisher(MarkerArray, '~/markers', depth=1)
        for service in (self.create_service(SetBool, '~/enable', self._on_enable),
                        self.create_service(GetFaces, '~/get_faces', self._on_get_faces)):
            self._configured.callback(self.destroy_service, service)
        self._wait_server = WaitForAffectServer(self, self._refuse_goal)
        self._configured.callback(self._wait_server.destroy)
        self._state = 'inactive'
        names = ', '.join(sidecar.name for sidecar in self._pipeline.sidecars)
        self.get_logger().info(f'configured with {names}')
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to process images."""
        activated = super().on_activate(state)
        self._newest = None
        self._state = 'active'
        if self._enabled:
            self._start_processing()
        return activated

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to process images; nothing is published any more."""
        self._stop_processing()
        if self._wait_server:
            self._wait_server.abort_all('the node was deactivated')
        self._state = 'inactive'
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release models, topics and services."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and release everything."""
        self._stop_processing()
        self._release()
        self._state = 'finalized'
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured after an unexpected error in a transition."""
        self._stop_processing()
        self._release()
        return SUCCESS

    def _managed_publisher(self, kind: type, topic: str, depth: int) -> LifecyclePublisher:
        publisher: LifecyclePublisher = self.create_lifecycle_publisher(
            kind, topic, QoSProfile(depth=depth))
        self._configured.callback(self.destroy_lifecycle_publisher, publisher)
        return publisher

    def _release(self) -> None:
        self._configured.close()
        self._wait_server = None
        self._pipeline = None
        self._newest = None
        self._state = 'unconfigured'
        # What befell images says nothing about the next configuration.
        self._statistics.note_error('')

    # Processing

    def _start_processing(self) -> None:
        if self._pipeline is None:
            return
        self._pipeline.reset()
        self._reported = None
        if self._values['publish_bearing'] or self._values['publish_position']:
            self._geometry = CameraGeometry(self, self._values['publish_position'],
                                            self._values['rectified'], self._log_problem)
        self._worker = Worker(self._pipeline, self._statistics, self._publish, self._now,
                              self._log_drop, limits_from(self._values))
        compressed = self._values['image_transport'] == 'compressed'
        qos = QoSProfile(depth=1, reliability=qos_profile_sensor_data.reliability)
        self._subscription = self.create_subscription(
            CompressedImage if compressed else Image,
            'image/compressed' if compressed else 'image', self._worker.put, qos,
            qos_overriding_options=QoSOverridingOptions.with_default_policies())
        self.get_logger().info(f'waiting for images on {self._subscription.topic_name}')

    def _stop_processing(self) -> None:
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        if self._geometry is not None:
            self._geometry.destroy()
            self._geometry = None

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _publish(self, result: FrameResult, image: NDArray[np.uint8], header: Header,
                 elapsed: float) -> None:
        if self._geometry is not None:
            result = self._geometry.locate(result, header)
        message = result_to_message(result, header, elapsed)
        self._newest = message
        self._faces.publish(message)
        if self._wait_server:
            self._wait_server.add_result(result)
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(markers(message))
        raw = self._debug_image.get_subscription_count() > 0
        compressed = self._debug_compressed.get_subscription_count() > 0
        if (raw or compressed) and self._debug_rate.passes(self._values['debug_image_max_rate']):
            picture = annotate(image, result, self._values['debug_image_scale'])
            if raw:
                self._debug_image.publish(image_to_message(picture, header))
            if compressed:
                self._debug_compressed.publish(image_to_compressed_message(picture, header))

    def _log_drop(self, reason: str, error: str) -> None:
        self._log_problem(reason, f'image dropped ({reason}): {error}')

    def _log_problem(self, word: str, text: str) -> None:
        """Warn, but of the same kind of problem only now and then."""
        if not self.context.ok():
            return  # Shut down while an image was in work
        now = time.monotonic()
        if now - self._logged.get(word, -LOG_PERIOD) >= LOG_PERIOD:
            self._logged[word] = now
            self.get_logger().warning(text)

    # Services, parameters, diagnostics

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        if self._state == 'active' and request.data and self._worker is None:
            self._start_processing()
        elif not request.data:
            self._stop_processing()
        response.success = True
        response.message = 'processing' if self._worker else (
            'paused' if not self._enabled else f'enabled, but the node is {self._state}')
        return response

    def _on_get_faces(
        self, request: GetFaces.Request, response: GetFaces.Response
    ) -> GetFaces.Response:
        newest = self._newest
        response.success = newest is not None
        if newest is None:
            response.message = f'no result yet; the node is {self._state}'
        else:
            response.faces = newest
        return response

    def _refuse_goal(self, wanted: Wanted) -> Optional[str]:
        if self._state != 'active':
            return f'the node is {self._state}'
        for task in ('emotion', 'gender'):
            if getattr(wanted, task) and not self._values[f'enable_{task}']:
                return f'{task} is switched off (parameter enable_{task})'
        return None

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            self._values = check_change(self._values, changes, self._pipeline is not None)
        except (ValueError, TypeError) as error:
            return SetParametersResult(successful=False, reason=str(error))
        if self._pipeline is not None:
            self._pipeline.settings = settings_from(self._values)
        if self._worker is not None:
            self._worker.limits = limits_from(self._values)
        return SetParametersResult(successful=True)

    def _publish_diagnostics(self) -> None:
        report = self._statistics.report()
        topic = self._subscription.topic_name if self._subscription else 'none'
        state = self._state if self._enabled or self._state != 'active' else 'paused'
        self._diagnostics.publish(diagnostic_array(
            self.get_fully_qualified_name().lstrip('/'), state, topic, self.get_clock().now(),
            report, self._reported, self._pipeline, self._missing_images(),
            dict(self._geometry.problems) if self._geometry else {}))
        self._reported = report

    def _missing_images(self) -> str:
        if self._subscription is None:
            return ''
        topic = self._subscription.topic_name
        reliability = self._subscription.qos_profile.reliability
        return missing_images(topic, self.get_publishers_info_by_topic(topic),
                              reliability == ReliabilityPolicy.RELIABLE)

    def destroy_node(self) -> None:
        """Stop the worker before the node goes."""
        self._stop_processing()
        self._release()
        super().destroy_node()


def main(arguments: Optional[list[str]] = None) -> int:
    """Run the node until SIGINT, SIGTERM or a shutdown of the context."""
    rclpy.init(args=arguments)
    node = FaceAffectNode()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        node.start()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
