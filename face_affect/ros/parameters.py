# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The node's parameters: declared, described, ranged and checked in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from face_affect.core.pipeline import ModelNames, Settings
from face_affect.core.saliency import SUBJECTS
from face_affect.ros.worker import Limits

Value = bool | int | float | str


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter.

    ``low`` and ``high`` bound a number; ``choices`` a word. ``fixed`` says from when on
    it stays as it is: 'configured' is until cleanup, 'started' for good.
    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    fixed: Literal['', 'configured', 'started'] = ''

    @property
    def descriptor(self) -> ParameterDescriptor:
        """The declaration for ROS."""
        descriptor = ParameterDescriptor(
            description=self.description,
            read_only=self.fixed == 'started',
            additional_constraints=f'one of {", ".join(self.choices)}' if self.choices else '',
        )
        if self.low is None or self.high is None:
            return descriptor
        if isinstance(self.default, int):
            descriptor.integer_range = [
                IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)
            ]
        else:
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=self.low, to_value=self.high)
            ]
        return descriptor

    def check(self, value: Any) -> None:
        """Refuse a value that ROS itself lets pass: an unknown word, or NaN.

        Raises:
            ValueError: the message says what the value must be.

        """
        if self.choices and value not in self.choices:
            raise ValueError(
                f'{self.name} is {value!r}, but must be one of {", ".join(self.choices)}'
            )
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise ValueError(
                f'{self.name} is {value}, but must be from {self.low:g} to {self.high:g}'
            )


_MODELS, _SETTINGS = ModelNames(), Settings()

SPECS = (
    ParameterSpec(
        'autostart', False, 'configure and activate the node as it starts', fixed='started'
    ),
    ParameterSpec(
        'image_transport',
        'raw',
        'how images arrive: raw on image, or compressed (JPEG, PNG) on image/compressed',
        choices=('raw', 'compressed'),
        fixed='configured',
    ),
    ParameterSpec(
        'image_reliability',
        'best_effort',
        'QoS of the image subscription: best_effort '
        'takes images from every publisher, reliable loses none on a bad link; '
        'qos_overrides go before',
        choices=('best_effort', 'reliable'),
        fixed='started',
    ),
    ParameterSpec(
        'image_depth',
        1,
        'QoS of the image subscription: images that wait in the middleware',
        1,
        100,
        fixed='started',
    ),
    ParameterSpec(
        'max_rate',
        0.0,
        'images a second that are processed at most, the others are dropped (over_rate); 0: all',
        0.0,
        1000.0,
    ),
    ParameterSpec(
        'max_age',
        0.0,
        "seconds between an image's stamp and the node's clock above "
        'which it is dropped (too_old); 0: never',
        0.0,
        3600.0,
    ),
    ParameterSpec(
        'debug_image_scale',
        1.0,
        "size of the debug and saliency image, as a part of the camera's",
        0.05,
        1.0,
    ),
    ParameterSpec(
        'debug_image_max_rate',
        0.0,
        'debug and saliency images a second at most; 0: one for each result',
        0.0,
        1000.0,
    ),
    ParameterSpec(
        'saliency_of',
        'emotion',
        'what the saliency image explains: the most probable emotion or gender, or one class',
        choices=SUBJECTS,
    ),
    ParameterSpec(
        'publish_bearing',
        False,
        'give the direction to each face, by camera_info',
        fixed='configured',
    ),
    ParameterSpec(
        'publish_position',
        False,
        'give the position of each face too, by camera_info and depth_image',
        fixed='configured',
    ),
    ParameterSpec(
        'rectified',
        False,
        'the images are rectified: P of camera_info counts, not K and D',
        fixed='configured',
    ),
    ParameterSpec(
        'detector_model',
        _MODELS.detector,
        'the network that finds faces: a name in '
        "the package's models/, or the absolute path of a sidecar",
        fixed='configured',
    ),
    ParameterSpec(
        'emotion_model', _MODELS.emotion, 'the network that reads emotion', fixed='configured'
    ),
    ParameterSpec(
        'gender_model', _MODELS.gender, 'the network that reads gender', fixed='configured'
    ),
    ParameterSpec(
        'num_threads', 1, 'CPU threads of each network; one is fastest', 1, 16, fixed='configured'
    ),
    ParameterSpec('enable_emotion', _SETTINGS.enable_emotion, 'estimate emotion'),
    ParameterSpec('enable_gender', _SETTINGS.enable_gender, 'estimate gender'),
    ParameterSpec(
        'detect_far',
        _SETTINGS.detect_far,
        'look for small, far faces too, in full '
        'resolution, a part of the image at a time; nearly doubles the work',
    ),
    ParameterSpec(
        'detection_threshold',
        _SETTINGS.detection_threshold,
        'least detection score of a new face; of one that is followed less suffices, 0.5 for 0.6',
        0.0,
        1.0,
    ),
    ParameterSpec(
        'min_face_size',
        _SETTINGS.min_face_size,
        'least width and height of a face, pixels of the camera image',
        0,
        4096,
    ),
    ParameterSpec(
        'confirm_frames',
        _SETTINGS.confirm_frames,
        'images in which a face must be found before it is reported',
        1,
        100,
    ),
    ParameterSpec(
        'forget_time',
        _SETTINGS.forget_time,
        'seconds without being found after which a face is gone',
        0.0,
        60.0,
    ),
    ParameterSpec(
        'match_iou',
        _SETTINGS.match_iou,
        'least IoU of the box found and the box expected, both grown by the uncertainty '
        'of what is expected, to be the same face',
        0.0,
        1.0,
    ),
    ParameterSpec(
        'smoothing_time',
        _SETTINGS.smoothing_time,
        'time constant in seconds of the smoothing of probabilities; 0: none',
        0.0,
        60.0,
    ),
    ParameterSpec(
        'emotion_min_confidence',
        _SETTINGS.emotion_min_confidence,
        'emotion is UNKNOWN below this probability',
        0.0,
        1.0,
    ),
    ParameterSpec(
        'gender_min_confidence',
        _SETTINGS.gender_min_confidence,
        'gender is UNKNOWN below this probability',
        0.0,
        1.0,
    ),
)
_BY_NAME = {spec.name: spec for spec in SPECS}
_SETTING_NAMES = frozenset(item.name for item in fields(Settings))


def limits_from(values: Mapping[str, Any]) -> Limits:
    """Return which images are processed at all."""
    return Limits(values['max_rate'], values['max_age'])


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Return the pipeline's settings.

    Raises:
        ValueError: a value is out of range.

    """
    return Settings(**{name: values[name] for name in _SETTING_NAMES})


def declare_parameters(node: Node) -> dict[str, Any]:
    """Declare all parameters on ``node``; return the values that it was started with.

    Raises:
        ValueError: one is out of range or of another type; the message says which.

    """
    try:
        values: dict[str, Any] = {
            spec.name: node.declare_parameter(spec.name, spec.default, spec.descriptor).value
            for spec in SPECS
        }
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        raise ValueError(str(error)) from error
    for spec in SPECS:
        spec.check(values[spec.name])
    return values


def check_change(
    values: Mapping[str, Any], changes: Sequence[Parameter], configured: bool
) -> dict[str, Any]:
    """Return ``values`` with ``changes``, all of them or none.

    Raises:
        ValueError: a value is wrong, or fixed while the node is configured.

    """
    changed = dict(values)
    for change in changes:
        spec = _BY_NAME.get(change.name)
        if spec is None:
            continue
        if spec.fixed == 'configured' and configured and change.value != values[change.name]:
            raise ValueError(
                f'{spec.name} can be set only before the node is configured; call cleanup first'
            )
        spec.check(change.value)
        changed[change.name] = change.value
    settings_from(changed)
    return changed
