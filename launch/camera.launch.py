# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start a webcam, a network stream or a video as a ROS camera."""

import sys

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from face_affect.launch_arguments import check_command_line

BOOLEANS = ['true', 'false', 'True', 'False']
PARAMETERS = {
    'source': str,
    'frame_id': str,
    'rate': float,
    'loop': bool,
    'compressed': bool,
    'calibration': str,
}


def check_arguments(context: LaunchContext) -> list[Action]:
    """Refuse a command line with unknown arguments."""
    declared = generate_launch_description().get_launch_arguments()
    check_command_line(__file__, [each.name for each in declared], sys.argv)
    return []


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the camera."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'source',
                default_value='0',
                description=(
                    'A camera number, /dev/videoN, a stream address (rtsp://, http://), a video '
                    'file, a picture or a folder of pictures.'
                ),
            ),
            DeclareLaunchArgument(
                'namespace',
                default_value='camera',
                description='Namespace of image_raw, image_raw/compressed and camera_info.',
            ),
            DeclareLaunchArgument(
                'frame_id',
                default_value='camera_optical_frame',
                description="The camera's optical frame (REP-103).",
            ),
            DeclareLaunchArgument(
                'rate',
                default_value='0.0',
                description="Images a second; 0: the source's own.",
            ),
            DeclareLaunchArgument(
                'loop',
                default_value='false',
                choices=BOOLEANS,
                description='Begin again at the end of a video.',
            ),
            DeclareLaunchArgument(
                'compressed',
                default_value='false',
                choices=BOOLEANS,
                description='Publish JPEG on image_raw/compressed, in place of image_raw.',
            ),
            DeclareLaunchArgument(
                'calibration',
                default_value='',
                description='YAML file of camera_calibration; empty: not calibrated.',
            ),
            OpaqueFunction(function=check_arguments),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution(
                        [FindPackageShare('face_affect'), 'launch', 'fastdds_profile.launch.py']
                    )
                )
            ),
            Node(
                package='face_affect',
                executable='camera_node',
                name='camera',
                namespace=LaunchConfiguration('namespace'),
                parameters=[
                    {
                        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                        for name, kind in PARAMETERS.items()
                    }
                ],
                output='screen',
                emulate_tty=True,
            ),
        ]
    )
