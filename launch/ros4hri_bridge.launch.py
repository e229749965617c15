# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start the ROS4HRI bridge (REP-155) beside the face_affect node."""

import sys

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from face_affect.launch_arguments import check_command_line

COMPRESSED = '/compressed'
PARAMETERS = {'keep_time': float, 'cropped_width': int, 'cropped_height': int}


def check_arguments(context: LaunchContext) -> list[Action]:
    """Refuse a command line with unknown arguments."""
    declared = generate_launch_description().get_launch_arguments()
    check_command_line(__file__, [each.name for each in declared], sys.argv)
    return []


def start_bridge(context: LaunchContext) -> list[Action]:
    """
    Start the bridge, with the parameters that were given as launch arguments.

    Raises ValueError if the image topic is that of compressed images, but image_transport is raw.
    """
    image = LaunchConfiguration('image').perform(context)
    transport = LaunchConfiguration('image_transport').perform(context)
    if image.endswith(COMPRESSED):
        if transport == 'raw':
            raise ValueError(
                f'image is {image}, the topic of compressed images, but image_transport is raw; '
                'leave image_transport out, or name the raw topic'
            )
        transport = 'compressed'
    texts = {name: LaunchConfiguration(name).perform(context) for name in PARAMETERS}
    parameters: dict[str, float | int | str] = {
        name: kind(texts[name]) for name, kind in PARAMETERS.items() if texts[name]
    }
    if transport:
        parameters['image_transport'] = transport
    return [
        Node(
            package='face_affect',
            executable='ros4hri_bridge',
            name='ros4hri_bridge',
            namespace=LaunchConfiguration('namespace'),
            parameters=[parameters] if parameters else [],
            remappings=[
                ('faces', LaunchConfiguration('faces')),
                ('image', image.removesuffix(COMPRESSED)),
            ],
            output='screen',
            emulate_tty=True,
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the bridge."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'faces',
                default_value='face_affect/faces',
                description="The node's results; a relative topic is looked for in the namespace.",
            ),
            DeclareLaunchArgument(
                'image',
                default_value='/camera/image_raw',
                description=(
                    "The node's image topic, for the cropped faces; one that ends in "
                    '"/compressed" is compressed.'
                ),
            ),
            DeclareLaunchArgument(
                'image_transport',
                default_value='',
                choices=['', 'raw', 'compressed'],
                description='How the images arrive (empty: by the topic, else raw).',
            ),
            DeclareLaunchArgument(
                'namespace',
                default_value='',
                description='Namespace of the bridge: that of the node.',
            ),
            DeclareLaunchArgument(
                'keep_time',
                default_value='',
                description=(
                    'Seconds for which a face that is not in the results stays (empty: as '
                    "forget_time's default)."
                ),
            ),
            DeclareLaunchArgument(
                'cropped_width',
                default_value='',
                description='Width of the cropped faces in pixels (empty: 128).',
            ),
            DeclareLaunchArgument(
                'cropped_height',
                default_value='',
                description='Height of the cropped faces in pixels (empty: 128).',
            ),
            OpaqueFunction(function=check_arguments),
            OpaqueFunction(function=start_bridge),
        ]
    )
