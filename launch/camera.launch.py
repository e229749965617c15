# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start the camera node on a webcam, a network stream or a video."""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from face_affect.launch_arguments import declarations_of, given_parameters
from face_affect.launch_files import include, launch_description, parameter_arguments, program

PARAMETERS = declarations_of('CameraParameters')


def start_camera(context: LaunchContext) -> list[Action]:
    """Start the camera with the parameters given as launch arguments."""
    parameters = given_parameters(PARAMETERS, context.launch_configurations)
    return [
        program(
            'camera_node',
            name='camera',
            namespace=LaunchConfiguration('namespace'),
            parameters=[parameters] if parameters else [],
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and the camera."""
    arguments = [
        DeclareLaunchArgument(
            'namespace',
            default_value='camera',
            description='Namespace of image_raw, image_raw/compressed and camera_info.',
        ),
        *parameter_arguments(PARAMETERS),
    ]
    actions = [include('fastdds_profile.launch.py'), OpaqueFunction(function=start_camera)]
    return launch_description(__file__, arguments, actions)
