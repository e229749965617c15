# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Play a bag through the face_affect node, in the bag's own time, and end with the bag."""

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
# For the node to finish the last frame, and for its result to arrive
SECONDS_AFTER_THE_BAG = 1.0


def stored_images(context: LaunchContext) -> tuple[str, str]:
    """Return the topic of the bag's images without /compressed, and their transport."""
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
    """Describe the arguments, the node and the player."""
    arguments = [
        DeclareLaunchArgument(
            'bag', description='The rosbag2 to play: its folder, or its .mcap or .db3 file.'
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
        namespace_argument(),
        params_file_argument(),
        debug_argument(),
    ]
    # In this order: the node's launch file sets the shared-memory profile, and the player, being
    # the one that publishes the images, must start with it.
    actions = [OpaqueFunction(function=start_node), OpaqueFunction(function=start_player)]
    return launch_description(__file__, arguments, actions, PASSED_ON)
