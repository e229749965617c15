# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Play a bag through the face_affect node in simulated time, and shut down at its end."""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage
from launch_ros.utilities.namespace_utils import make_namespace_absolute, prefix_namespace

from face_affect.launch_arguments import base_topic, BOOLEANS, COMPRESSED, declarations_of
from face_affect.launch_files import (
    debug_argument,
    include,
    is_true,
    launch_description,
    namespace_argument,
    params_file_argument,
    value_of,
)

PASSED_ON = [
    'camera_info',
    'depth_image',
    *(one.name for one in declarations_of('NodeParameters')),
]
# Time for the result of the last image
SECONDS_AFTER_THE_BAG = 1.0


def stored_images(context: LaunchContext) -> tuple[str, str]:
    """Return the base topic of the bag's images, without /compressed, and their transport."""
    topic, transport = base_topic(value_of(context, 'topic'), value_of(context, 'image_transport'))
    return topic, transport or 'raw'


def played_topic(context: LaunchContext) -> str:
    """Return the full name of the topic that the node subscribes to."""
    pushed = context.launch_configurations.get('ros_namespace')
    namespace = prefix_namespace(pushed, value_of(context, 'namespace'))
    topic, transport = stored_images(context)
    if transport == 'compressed':
        topic += COMPRESSED
    return str(make_namespace_absolute(prefix_namespace(namespace, topic)))


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node on the bag's topic."""
    topic, transport = stored_images(context)
    return [
        include(
            'face_affect.launch.py',
            image=topic,
            image_transport=transport,
            namespace=LaunchConfiguration('namespace'),
            params_file=LaunchConfiguration('params_file'),
            use_sim_time='true',
            autostart='true',
            debug=LaunchConfiguration('debug'),
        ),
    ]


def end_launch(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """
    Shut the launch down after the player has ended.

    Raises RuntimeError if the player failed, so that `ros2 launch` ends with exit code 1.
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
    """Start the player; its end shuts the launch down."""
    # Not a Node: the player's command line accepts no --ros-args.
    player = ExecuteProcess(
        cmd=[
            ExecutableInPackage(package='face_affect', executable='face-affect'),
            'play',
            LaunchConfiguration('bag'),
            '--clock',
            # The node starts at the same time and would miss the first images.
            '--wait-for-subscriber',
            '30',
            # Fail at once if the bag lacks the topic.
            '--image',
            played_topic(context),
            '--rate',
            LaunchConfiguration('rate'),
            *(['--loop'] if is_true(context, 'loop') else []),
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
    """Return the launch arguments, the node and the player."""
    arguments = [
        DeclareLaunchArgument(
            'bag', description='Path of the rosbag2: its folder, or its .mcap or .db3 file.'
        ),
        DeclareLaunchArgument(
            'topic',
            default_value='/camera/image_raw/compressed',
            description='Image topic in the bag.',
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value='',
            choices=['', 'raw', 'compressed'],
            description=(
                'Transport of the images in the bag (empty: compressed if the topic ends in '
                '"/compressed", else raw).'
            ),
        ),
        DeclareLaunchArgument(
            'rate',
            default_value='1.0',
            description='Playing rate, relative to that of recording.',
        ),
        DeclareLaunchArgument(
            'loop',
            default_value='false',
            choices=BOOLEANS,
            description='Restart the bag at its end, until interrupted.',
        ),
        namespace_argument(),
        params_file_argument(),
        debug_argument(),
    ]
    # In this order: the node's launch file sets the shared-memory profile, which the player needs
    # as the publisher of the images.
    actions = [OpaqueFunction(function=start_node), OpaqueFunction(function=start_player)]
    return launch_description(__file__, arguments, actions, PASSED_ON)
