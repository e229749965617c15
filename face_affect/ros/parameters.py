# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Parameters of the node, the camera and the ROS4HRI bridge."""

from __future__ import annotations

from dataclasses import dataclass, field

from face_affect.core.images import DecodingSettings
from face_affect.core.parameters import parameter, ParameterGroup
from face_affect.core.saliency import SUBJECTS
from face_affect.core.settings import ModelNames, RuntimeSettings, Settings
from face_affect.core.tasks import TASKS

_QOS = (
    'set qos_overrides.TOPIC.subscription.{policy} instead, where TOPIC is the resolved name of '
    'the image topic, such as /camera/image_raw'
)
# Parameters of earlier versions, and what replaces them
REMOVED = {
    'image_depth': _QOS.format(policy='depth'),
    'image_reliability': _QOS.format(policy='reliability'),
}


def _image_transport() -> str:
    return parameter(
        'raw',
        'transport of the images: raw on image, or compressed (JPEG, PNG) on image/compressed',
        choices=('raw', 'compressed'),
        fixed='configured',
    )


@dataclass(frozen=True)
class LifecycleParameters(ParameterGroup):
    """Start of the node."""

    autostart: bool = parameter(False, 'configure and activate the node at start', fixed='started')


@dataclass(frozen=True)
class ImageSelection(ParameterGroup):
    """Transport of the images, and limits of rate and age."""

    image_transport: str = _image_transport()
    max_rate: float = parameter(
        0.0,
        'maximum number of images processed per second, the others are dropped (over_rate); '
        '0: no limit',
        low=0.0,
        high=1000.0,
    )
    max_age: float = parameter(
        0.0,
        "maximum difference in seconds between an image's stamp and the node's clock, older "
        'images are dropped (too_old); 0: no limit',
        low=0.0,
        high=3600.0,
    )


# In reverse order: a dataclass takes the fields of its last base first.
@dataclass(frozen=True)
class InputParameters(DecodingSettings, ImageSelection):
    """Transport of the images, and limits of rate, age and size."""


@dataclass(frozen=True)
class LocalisationParameters(ParameterGroup):
    """Localisation of faces by the camera's calibration and depth images."""

    publish_bearing: bool = parameter(
        False,
        'publish the bearing of each face (unit vector), computed from camera_info',
        fixed='configured',
    )
    publish_position: bool = parameter(
        False,
        'publish bearing and position of each face (metres), computed from camera_info and '
        'depth_image',
        fixed='configured',
    )
    publish_tf: bool = parameter(
        False,
        'publish a TF frame face_ID for each face with a position; implies publish_position, '
        'needs tf2_msgs',
        fixed='configured',
    )
    rectified: bool = parameter(
        False, 'the images are rectified: use P of camera_info, not K and D', fixed='configured'
    )

    @property
    def needs_depth(self) -> bool:
        """Whether positions are computed."""
        return self.publish_position or self.publish_tf

    @property
    def needed(self) -> bool:
        """Whether bearings or positions are computed."""
        return self.publish_bearing or self.needs_depth


@dataclass(frozen=True)
class OutputParameters(ParameterGroup):
    """Additional outputs in messages of other packages."""

    publish_detections: bool = parameter(
        False,
        'also publish the faces as vision_msgs/Detection2DArray on ~/detections; needs '
        'vision_msgs',
        fixed='configured',
    )


@dataclass(frozen=True)
class DebugParameters(ParameterGroup):
    """The debug and saliency images."""

    debug_image_scale: float = parameter(
        1.0,
        "size of the debug and saliency images relative to the camera's, at most the size at "
        'which a JPEG is decoded',
        low=0.05,
        high=1.0,
    )
    debug_image_max_rate: float = parameter(
        0.0,
        'maximum number of debug images, and of saliency images, per second; 0: one per result',
        low=0.0,
        high=1000.0,
    )
    saliency_of: str = parameter(
        TASKS[0].name,
        'class that the saliency image explains: the most probable '
        f'{" or ".join(task.name for task in TASKS)}, or a fixed class',
        choices=SUBJECTS,
    )


@dataclass(frozen=True)
class NodeParameters(ParameterGroup):
    """All parameters of the node."""

    lifecycle: LifecycleParameters = field(default_factory=LifecycleParameters)
    input: InputParameters = field(default_factory=InputParameters)
    settings: Settings = field(default_factory=Settings)
    models: ModelNames = field(default_factory=ModelNames)
    runtime: RuntimeSettings = field(default_factory=RuntimeSettings)
    localisation: LocalisationParameters = field(default_factory=LocalisationParameters)
    output: OutputParameters = field(default_factory=OutputParameters)
    debug: DebugParameters = field(default_factory=DebugParameters)


@dataclass(frozen=True)
class CameraParameters(ParameterGroup):
    """The camera's parameters."""

    source: str = parameter(
        '0',
        'camera number, /dev/videoN, stream address (rtsp://, http://), video file, image file or '
        'folder of images',
    )
    frame_id: str = parameter('camera_optical_frame', "the camera's optical frame (REP-103)")
    rate: float = parameter(
        0.0,
        'published images per second; 0: the rate of the source, which is the maximum of a live '
        'source',
        low=0.0,
        high=1000.0,
    )
    loop: bool = parameter(False, 'restart a video or folder at its end')
    compressed: bool = parameter(
        False, 'publish JPEG on image_raw/compressed instead of raw images on image_raw'
    )
    calibration: str = parameter(
        '', 'YAML file written by camera_calibration; empty: the camera is uncalibrated'
    )


@dataclass(frozen=True)
class BridgeParameters(ParameterGroup):
    """The bridge's parameters."""

    image_transport: str = _image_transport()
    humans_namespace: str = parameter(
        '/humans',
        'root of the topics; several bridges need different ones, such as /humans/head',
    )
    keep_time: float = parameter(
        Settings().forget_time,
        'seconds until a face that is missing from the results is removed; set it to the '
        "node's forget_time",
        low=0.0,
        high=60.0,
    )
    cropped_width: int = parameter(128, 'width of the cropped faces in pixels', low=8, high=4096)
    cropped_height: int = parameter(128, 'height of the cropped faces in pixels', low=8, high=4096)
