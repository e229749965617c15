# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The pipeline's parameters: settings of each frame, and what is loaded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any

from face_affect.core.parameters import parameter, ParameterGroup
from face_affect.core.tasks import Task, TASKS

# Clockwise, in degrees
ROTATIONS = (0, 90, 180, 270)
# Seconds for which a far face is reported where it was seen last, while others are looked at
FAR_MEMORY = 0.7


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

    ``parameters`` declares a field by its name, in which ``{}`` stands for that of the task.
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
    """What the detector looks for."""

    rotate: int = parameter(
        0,
        'clockwise rotation in degrees that turns the image upright, applied before detection; '
        'results stay in the coordinates of the image as it came',
        choices=ROTATIONS,
    )
    detect_far: bool = parameter(
        False,
        'also detect small, far faces, in full resolution, one tile of each image; '
        'nearly doubles the work',
    )
    min_face_size: int = parameter(
        0, 'minimum width and height of a face, in pixels of the image', low=0, high=4096
    )


@dataclass(frozen=True)
class TrackingSettings(ParameterGroup):
    """Which detections start, continue and end a track."""

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
        'seconds without a detection after which a track ends, but not before the next image',
        low=0.0,
        high=60.0,
    )
    match_iou: float = parameter(
        0.3,
        "minimum IoU between a detection and a track's predicted box, both enlarged by the "
        'prediction uncertainty',
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True)
class ClassificationSettings(_Estimation):
    """Which estimates are made, and how they are smoothed.

    ``enable_TASK`` and ``TASK_min_confidence`` for each of TASKS.
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
    """All that may change from one frame to the next.

    >>> from face_affect import Settings
    >>> Settings(confirm_frames=1).forget_time
    2.0
    >>> Settings(smoothing_time=-1)
    Traceback (most recent call last):
    ValueError: smoothing_time is -1, but must be from 0 to 60
    """

    def __post_init__(self) -> None:
        """Validate the settings, one by one and together.

        Raises:
            TypeError: a value is of the wrong type.
            ValueError: a value is out of range, or two exclude each other.

        """
        super().__post_init__()
        if self.detect_far and self.forget_time < FAR_MEMORY:
            raise ValueError(
                f'detect_far needs a forget_time of at least {FAR_MEMORY:g} s, but it is '
                f'{self.forget_time:g} s: a far face is looked for in every few images only, and '
                'would be forgotten in between'
            )


@dataclass(frozen=True)
class _DetectorChoice(ParameterGroup):
    detector: str = parameter(
        'face_detector',
        "the network that detects faces: a name in the package's models/, or the absolute "
        'path of a sidecar',
        name='detector_model',
        fixed='configured',
    )
    detection_width: int = parameter(
        320,
        'width in pixels of the image that the detector sees: with more it finds smaller, farther '
        'faces in more time; face_detector has 320, 480 and 640',
        low=32,
        high=4096,
        fixed='configured',
    )


@dataclass(frozen=True)
class ModelNames(_Classifiers, _DetectorChoice):
    """Which models run: names of models in the package, or absolute paths of sidecars.

    The detector, the width of its input, and a classifier for each of TASKS, by its name.
    ``NAME:HEAD`` selects which head of a classifier answers.

    >>> from face_affect import ModelNames
    >>> ModelNames(emotion='emotion_mini_xception').gender
    'gender_mini_residual'
    """

    def of(self, task: Task) -> str:
        """Return the name of the model of ``task``."""
        return str(getattr(self, task.name))


@dataclass(frozen=True)
class RuntimeSettings(ParameterGroup):
    """How networks are run."""

    num_threads: int = parameter(
        1, 'CPU threads of each network; one is fastest', low=1, high=16, fixed='configured'
    )
