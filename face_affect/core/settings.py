# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Parameters of the pipeline: settings of each frame, model names and runtime settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any

from face_affect.core.parameters import parameter, ParameterGroup
from face_affect.core.tasks import Task, TASKS

# Clockwise, in degrees
ROTATIONS = (0, 90, 180, 270)
# Seconds for which a far or lying face is reported at its last position while other tiles or
# rotations are searched
SEARCH_MEMORY = 0.7


def _enable(task: Task) -> bool:
    return parameter(True, f'estimate {task.name}')


def _min_confidence(task: Task) -> float:
    return parameter(
        task.min_confidence,
        f'{task.name} is UNKNOWN below this probability',
        low=0.0,
        high=1.0,
    )


def _model(task: Task) -> str:
    return parameter(
        task.model,
        f'the {task.name} network, named like the detector; NAME:HEAD selects a head',
        name=f'{task.name}_model',
        fixed='configured',
    )


def _of_each_task(name: str, parameters: Mapping[str, Callable[[Task], Any]]) -> Any:
    """Return a ParameterGroup with the same parameters for each of TASKS.

    ``parameters`` maps a field name, with ``{}`` for the name of the task, to its declaration.
    """
    items = [
        (item.format(task.name), type(declare(task).default), declare(task))
        for item, declare in parameters.items()
        for task in TASKS
    ]
    return make_dataclass(name, items, bases=(ParameterGroup,), frozen=True)


_Estimation: Any = _of_each_task(
    '_Estimation', {'enable_{}': _enable, '{}_min_confidence': _min_confidence}
)
_Classifiers: Any = _of_each_task('_Classifiers', {'{}': _model})


@dataclass(frozen=True)
class DetectionSettings(ParameterGroup):
    """Settings of the detection."""

    rotate: int = parameter(
        0,
        'clockwise rotation in degrees that turns the image upright, applied before detection; '
        'results stay in the coordinates of the original image',
        choices=ROTATIONS,
    )
    detect_far: bool = parameter(
        False,
        'also detect small, far faces, at full resolution in one tile of each image (all of '
        'the first one or of a single image); nearly doubles the processing time',
    )
    detect_lying: bool = parameter(
        False,
        'also detect faces of people who lie or lean far, in one rotation of each image by 90, '
        '180 or 270 degrees (all of the first one or of a single image); nearly doubles the '
        'processing time',
    )
    min_face_size: int = parameter(
        0, 'minimum width and height of a face, in pixels of the image', low=0, high=4096
    )


@dataclass(frozen=True)
class TrackingSettings(ParameterGroup):
    """Settings of the start, continuation and end of tracks."""

    detection_threshold: float = parameter(
        0.6,
        'minimum score of a new face; a tracked face is kept down to a lower score '
        '(0.5 if this is 0.6)',
        low=0.0,
        high=1.0,
    )
    confirm_frames: int = parameter(
        2, 'images in which a face must be detected before it is reported', low=1, high=100
    )
    forget_time: float = parameter(
        2.0,
        'seconds without a detection after which a track ends, at the earliest at the next image',
        low=0.0,
        high=60.0,
    )
    match_iou: float = parameter(
        0.3,
        'minimum IoU at which a detection continues a track, after the detected and the predicted '
        'box are enlarged in proportion to the uncertainty of the prediction',
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True)
class ClassificationSettings(_Estimation):
    """Settings of the classification and of its smoothing.

    There are ``enable_TASK`` and ``TASK_min_confidence`` for each of TASKS.
    """

    smoothing_time: float = parameter(
        0.5,
        'time constant in seconds of the low-pass filter of probabilities; 0: no smoothing',
        low=0.0,
        high=60.0,
    )

    def enabled(self, task: Task) -> bool:
        """Return whether ``task`` is estimated."""
        return bool(getattr(self, f'enable_{task.name}'))

    def min_confidence(self, task: Task) -> float:
        """Return the probability below which the label of ``task`` is UNKNOWN, 0..1."""
        return float(getattr(self, f'{task.name}_min_confidence'))


# Bases in reverse: a dataclass takes the fields of its last base first.
@dataclass(frozen=True)
class Settings(ClassificationSettings, TrackingSettings, DetectionSettings):
    """The settings that may change between two frames.

    >>> from face_affect import Settings
    >>> Settings(confirm_frames=1).forget_time
    2.0
    >>> Settings(smoothing_time=-1)
    Traceback (most recent call last):
    ValueError: smoothing_time is -1, but must be from 0 to 60
    """

    def __post_init__(self) -> None:
        """Validate the settings, each one and their combination.

        Raises:
            TypeError: a value is of the wrong type.
            ValueError: a value is out of range, or two values exclude each other.

        """
        super().__post_init__()
        for name in ('detect_far', 'detect_lying'):
            if getattr(self, name) and self.forget_time < SEARCH_MEMORY:
                raise ValueError(
                    f'forget_time is {self.forget_time:g} s, but must be at least '
                    f'{SEARCH_MEMORY:g} s with {name}, which searches for such a face in every '
                    f'few images only; increase forget_time or disable {name}'
                )


@dataclass(frozen=True)
class _DetectorChoice(ParameterGroup):
    detector: str = parameter(
        'face_detector',
        "the detection network: a name in the package's models/, or a sidecar's absolute path",
        name='detector_model',
        fixed='configured',
    )
    detection_width: int = parameter(
        320,
        "width in pixels of the detector's input: a larger one detects smaller, farther faces and "
        'takes more time; face_detector has 320, 480 and 640',
        low=32,
        high=4096,
        fixed='configured',
    )


@dataclass(frozen=True)
class ModelNames(_Classifiers, _DetectorChoice):
    """The models in use: names of models in the package, or absolute paths of sidecars.

    ``detector``, ``detection_width`` of its input in pixels, and a classifier for each of TASKS
    in a field of the task's name. ``NAME:HEAD`` selects a head of a classifier.

    >>> from face_affect import ModelNames
    >>> ModelNames(emotion='emotion_mini_xception').gender
    'gender_mini_residual'
    """

    def of(self, task: Task) -> str:
        """Return the model name of ``task``."""
        return str(getattr(self, task.name))


@dataclass(frozen=True)
class RuntimeSettings(ParameterGroup):
    """Settings of the inference runtime."""

    num_threads: int = parameter(
        1, 'CPU threads of each network; one is fastest', low=1, high=16, fixed='configured'
    )
