# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Start the face_affect node on a camera of a Care-O-bot 4.

The robot's public bringup (github.com/ipa320/cob_robots, branch kinetic_dev) is ROS 1, and so are
its camera drivers. It describes the cameras that see a person's face as follows:

head_cam
    In the head, a USB camera. The driver's image is rectified by image_proc, then turned upright,
    as gravity says, by cob_image_flip:
    /head_cam/image_raw -> /head_cam/image_rect_color -> /head_cam_upright/image_rect_color
    (cob_bringup/components/cob4_head_camera.launch). 1280x960 at 10 Hz on cob4-7, -24, -25, -29
    and -30 (cob_hardware_config/robots/cob4-25/config/head_cam.yaml and its like), 2048x1536 at
    3.5 Hz by default (cob_hardware_config/robots/cob4/config/head_cam.yaml).
sensorring_cam3d
    In the ring below the head, a RealSense D435 on cob4-7, -8, -24, -25, -29 and -30
    (cob_bringup/robots/cob4-25.xml and its like), 640x480 at 15 Hz, likewise turned upright:
    /sensorring_cam3d/rgb/image_raw -> /sensorring_cam3d_upright/rgb/image_raw
    (cob_bringup/components/cam3d_d435_rgbd.launch).

The robot's own rviz set-up shows these two upright topics
(cob_hardware_config/robots/cob4-25/cob4-25.rviz). cob4-5 and -10 have other cameras in the ring:
name their topic in `image`.

From there the images come to ROS 2 in one of two ways, neither of which this file starts:

- ros1_bridge's dynamic_bridge passes a topic on, in both transports, as soon as this node
  subscribes to it. By its README it runs with Humble (Ubuntu 20.04, or 22.04 when built from
  source) and not on Ubuntu 24.04. Compressed is the default here, since a raw 1280x960 image at
  10 Hz is 37 MB/s through the bridge; cob_bringup installs compressed_image_transport.
- The camera's own ROS 2 driver (usb_cam, realsense2_camera) instead of the ROS 1 one. Then
  `image` and `image_transport` must say what that driver publishes, and nothing turns the image
  upright unless you add that: the face detector expects upright faces.

The topics are those of the configuration, not tested on a robot.
"""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from face_affect.launch_arguments import declarations_of
from face_affect.launch_files import (
    debug_argument,
    include,
    launch_description,
    namespace_argument,
    params_file_argument,
    start_arguments,
    value_of,
)

TOPICS = {
    'head_cam': '/head_cam_upright/image_rect_color',
    'sensorring_cam3d': '/sensorring_cam3d_upright/rgb/image_raw',
}
PASSED_ON = [
    'camera_info',
    'depth_image',
    *(one.name for one in declarations_of('NodeParameters')),
]


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node on the chosen camera's topic."""
    image = value_of(context, 'image') or TOPICS[value_of(context, 'camera')]
    own = ('image_transport', 'namespace', 'params_file', 'use_sim_time', 'autostart', 'debug')
    passed_on = {name: LaunchConfiguration(name) for name in own}
    return [include('face_affect.launch.py', image=image, **passed_on)]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the node."""
    arguments = [
        DeclareLaunchArgument(
            'camera',
            default_value='head_cam',
            choices=list(TOPICS),
            description='The camera to use, by its name in the public bringup.',
        ),
        DeclareLaunchArgument(
            'image',
            default_value='',
            description='Another image topic (empty: the upright image of the chosen camera).',
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value='',
            choices=['', 'raw', 'compressed'],
            description='How the images arrive (empty: as params_file says, compressed).',
        ),
        namespace_argument(),
        params_file_argument('care_o_bot.yaml'),
        *start_arguments(),
        debug_argument(),
    ]
    return launch_description(
        __file__, arguments, [OpaqueFunction(function=start_node)], PASSED_ON
    )
