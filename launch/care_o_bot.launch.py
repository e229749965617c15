# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Start the face_affect node on a camera of a Care-O-bot 4.

The robot's public bringup (github.com/ipa320/cob_robots, branch kinetic_dev) and its camera
drivers are ROS 1. It configures the cameras that see a person's face as follows:

head_cam
    A USB camera in the head. The driver's image is rectified by image_proc, then rotated upright
    (by the direction of gravity) by cob_image_flip:
    /head_cam/image_raw -> /head_cam/image_rect_color -> /head_cam_upright/image_rect_color
    (cob_bringup/components/cob4_head_camera.launch). 1280x960 at 10 Hz on cob4-7, -24, -25, -29
    and -30 (cob_hardware_config/robots/cob4-25/config/head_cam.yaml and similar), 2048x1536 at
    3.5 Hz by default (cob_hardware_config/robots/cob4/config/head_cam.yaml).
sensorring_cam3d
    A RealSense D435 in the ring below the head of cob4-7, -8, -24, -25, -29 and -30
    (cob_bringup/robots/cob4-25.xml and similar), 640x480 at 15 Hz, also rotated upright:
    /sensorring_cam3d/rgb/image_raw -> /sensorring_cam3d_upright/rgb/image_raw
    (cob_bringup/components/cam3d_d435_rgbd.launch).

The robot's RViz configuration shows these two upright topics
(cob_hardware_config/robots/cob4-25/cob4-25.rviz). cob4-5 and -10 have other cameras in the ring:
give their topic as `image`.

Images reach ROS 2 by one of two methods, neither of which this file starts:

- ros1_bridge's dynamic_bridge forwards a topic, in both transports, as soon as this node
  subscribes to it. By its README it supports Humble (Ubuntu 20.04, or 22.04 when built from
  source), not Ubuntu 24.04. Compressed is the default here: raw 1280x960 images at 10 Hz take
  37 MB/s of the bridge; cob_bringup installs compressed_image_transport.
- A ROS 2 driver of the camera (usb_cam, realsense2_camera) replaces the ROS 1 driver. Then set
  `image` and `image_transport` to what the driver publishes, and set parameter `rotate` if the
  image is not upright: the face detector expects upright faces.

The topics are taken from the configuration; they are untested on a robot.
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
    """Return the launch arguments and the node."""
    arguments = [
        DeclareLaunchArgument(
            'camera',
            default_value='head_cam',
            choices=list(TOPICS),
            description='Camera, by its name in the public bringup.',
        ),
        DeclareLaunchArgument(
            'image',
            default_value='',
            description='Image topic (empty: the upright image of the chosen camera).',
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value='',
            choices=['', 'raw', 'compressed'],
            description='Transport of the images (empty: the value in params_file, compressed).',
        ),
        namespace_argument(),
        params_file_argument('care_o_bot.yaml'),
        *start_arguments(),
        debug_argument(),
    ]
    return launch_description(
        __file__, arguments, [OpaqueFunction(function=start_node)], PASSED_ON
    )
