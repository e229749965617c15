# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Play a bag through the face_affect node, in the bag's own time, and end with the bag."""

import sys

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare
from launch_ros.utilities.namespace_utils import make_namespace_absolute, prefix_namespace

from face_affect.launch_arguments import check_command_line, node_declarations

COMPRESSED = '/compressed'
BOOLEANS = ['true', 'false', 'True', 'False']
# The node finishes the last frame, and whoever listens takes in its result.
SECONDS_AFTER_THE_BAG = 1.0


def check_arguments(context: LaunchContext) -> list[Action]:
    """Refuse a command line with arguments that the included launch file does not know either."""
    declared = generate_launch_description().get_launch_arguments()
    known = [*(each.name for each in declared), *(one.name for one in node_declarations())]
    check_command_line(__file__, [*known, 'camera_info', 'depth_image'], sys.argv)
    return []


def image_transport(context: LaunchContext) -> str:
    """Return how the images are stored."""
    given = LaunchConfiguration('image_transport').perform(context)
    topic = LaunchConfiguration('topic').perform(context)
    return given or ('compressed' if topic.endswith(COMPRESSED) else 'raw')


def image_topic(context: LaunchContext) -> str:
    """Return the full name of the topic that the node subscribes to."""
    pushed = context.launch_configurations.get('ros_namespace')
    namespace = prefix_namespace(pushed, LaunchConfiguration('namespace').perform(context))
    topic = LaunchConfiguration('topic').perform(context)
    if image_transport(context) == 'compressed':
        topic = topic.removesuffix(COMPRESSED) + COMPRESSED
    return str(make_namespace_absolute(prefix_namespace(namespace, topic)))


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node on the bag's topic."""
    source = PathJoinSubstitution(
        [FindPackageShare('face_affect'), 'launch', 'face_affect.launch.py']
    )
    return [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(source),
            launch_arguments={
                'image': LaunchConfiguration('topic'),
                'image_transport': image_transport(context),
                'namespace': LaunchConfiguration('namespace'),
                'params_file': LaunchConfiguration('params_file'),
                'use_sim_time': 'true',
                'autostart': 'true',
                'debug': LaunchConfiguration('debug'),
            }.items(),
        ),
    ]


def end_launch(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """
    Shut everything down once the player has ended, and say how it ended.

    Raises RuntimeError if the player failed: so `ros2 launch` ends with exit code 1.
    """
    if context.is_shutdown:
        return []
    if event.returncode != 0:
        raise RuntimeError(f'the player failed with exit code {event.returncode}')
    reason = 'the bag has been played'
    return [
        LogInfo(msg=reason),
        TimerAction(period=SECONDS_AFTER_THE_BAG, actions=[Shutdown(reason=reason)]),
    ]


def start_player(context: LaunchContext) -> list[Action]:
    """Start the player; when it ends, so does the launch."""
    loop = LaunchConfiguration('loop').perform(context).lower() == 'true'
    # Not a Node: the player is a command line that takes no --ros-args.
    player = ExecuteProcess(
        cmd=[
            ExecutableInPackage(package='face_affect', executable='face-affect'),
            'play',
            LaunchConfiguration('bag'),
            '--clock',
            # Starts beside the node: without it the bag's beginning would be lost.
            '--wait-for-subscriber',
            '30',
            # A topic that the bag does not have is an error at once.
            '--image',
            image_topic(context),
            '--rate',
            LaunchConfiguration('rate'),
            *(['--loop'] if loop else []),
        ],
        name='player',
        output='screen',
        emulate_tty=True,
    )
    return [
        RegisterEventHandler(OnProcessExit(target_action=player, on_exit=end_launch)),
        player,
    ]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the node and the player."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'bag',
                description='The rosbag2 to play: its folder, or its .mcap or .db3 file.',
            ),
            DeclareLaunchArgument(
                'topic',
                default_value='/camera/image_raw/compressed',
                description='The image topic in the bag.',
            ),
            DeclareLaunchArgument(
                'image_transport',
                default_value='',
                choices=['', 'raw', 'compressed'],
                description=(
                    'How the images are stored (empty: compressed where the topic ends in '
                    '"/compressed", else raw).'
                ),
            ),
            DeclareLaunchArgument(
                'rate',
                default_value='1.0',
                description='Play this many times as fast as recorded.',
            ),
            DeclareLaunchArgument(
                'loop',
                default_value='false',
                choices=BOOLEANS,
                description='Begin again at the end of the bag, until interrupted.',
            ),
            DeclareLaunchArgument(
                'namespace',
                default_value='',
                description='Namespace of the node.',
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=PathJoinSubstitution(
                    [FindPackageShare('face_affect'), 'config', 'face_affect.yaml']
                ),
                description='YAML file with the parameters of the node.',
            ),
            DeclareLaunchArgument(
                'debug',
                default_value='false',
                choices=BOOLEANS,
                description='Log at debug level and show the debug image in rqt_image_view.',
            ),
            OpaqueFunction(function=check_arguments),
            # In this order: the node's launch file sets the shared-memory profile, and the player,
            # being the one that publishes the images, must start with it.
            OpaqueFunction(function=start_node),
            OpaqueFunction(function=start_player),
        ]
    )
