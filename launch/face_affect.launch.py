# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start the face_affect node on a camera's image topic."""

import os

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

NODE_NAME = 'face_affect'
BOOLEANS = ['true', 'false', 'True', 'False']


def is_true(context: LaunchContext, name: str) -> bool:
    """Tell whether a launch argument that takes a boolean is set."""
    return LaunchConfiguration(name).perform(context).lower() == 'true'


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node, with the parameters that were given as launch arguments."""
    image = LaunchConfiguration('image').perform(context).removesuffix('/compressed')
    namespace = LaunchConfiguration('namespace').perform(context).strip('/')
    transport = LaunchConfiguration('image_transport').perform(context)

    parameters: dict[str, bool | str] = {'autostart': is_true(context, 'autostart')}
    # What is left empty stays as params_file (or the including launch file) has it.
    if transport:
        parameters['image_transport'] = transport
    camera_info = LaunchConfiguration('camera_info').perform(context)
    depth_image = LaunchConfiguration('depth_image').perform(context)
    if camera_info:
        parameters['publish_bearing'] = True
    if depth_image:
        parameters['publish_position'] = True
    if LaunchConfiguration('use_sim_time').perform(context):
        parameters['use_sim_time'] = is_true(context, 'use_sim_time')

    ros_arguments: list[str] = []
    if is_true(context, 'debug'):
        # Only this node's logger: a plain level would let rcl and the middleware flood the screen.
        logger = '.'.join([*namespace.split('/'), NODE_NAME] if namespace else [NODE_NAME])
        ros_arguments = ['--log-level', f'{logger}:=debug']

    return [
        # A plain Node: it configures and activates itself (autostart), or waits for whoever
        # manages its lifecycle (autostart:=false), and needs no events from launch for either.
        Node(
            package='face_affect',
            executable='face_affect_node',
            name=NODE_NAME,
            namespace=namespace,
            parameters=[LaunchConfiguration('params_file'), parameters],
            # A remapping names one topic: that of the raw image leaves the compressed one alone.
            remappings=[
                ('image', image),
                ('image/compressed', f'{image}/compressed'),
                # By convention, CameraInfo comes beside the image.
                ('camera_info', camera_info or f'{image.rpartition("/")[0]}/camera_info'),
                ('depth_image', depth_image or 'depth_image'),
            ],
            ros_arguments=ros_arguments,
            output='screen',
            emulate_tty=True,
        ),
    ]


def start_viewer(context: LaunchContext) -> list[Action]:
    """Show the debug image when `debug` is set, or say why that is not possible."""
    if not is_true(context, 'debug'):
        return []
    namespace = LaunchConfiguration('namespace').perform(context).strip('/')
    topic = '/'.join(['', *([namespace] if namespace else []), NODE_NAME, 'debug_image'])
    try:
        get_package_prefix('rqt_image_view')
    except PackageNotFoundError:
        return [
            LogInfo(
                msg=(
                    f'WARNING: no viewer for {topic}: rqt_image_view is not installed '
                    '(apt: ros-$ROS_DISTRO-rqt-image-view). The node runs without it.'
                )
            )
        ]
    if not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
        return [
            LogInfo(
                msg=(
                    f'WARNING: no viewer for {topic}: there is no display here (DISPLAY is not '
                    'set). View it from a desktop machine: ros2 run rqt_image_view rqt_image_view '
                    + topic
                )
            )
        ]
    return [Node(package='rqt_image_view', executable='rqt_image_view', arguments=[topic])]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments, the middleware's profile, the node and the viewer."""
    share = FindPackageShare('face_affect')
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'image',
                default_value='/camera/image_raw',
                description=(
                    "The camera's image topic; a relative one is looked for in the namespace. "
                    'For image_transport:=compressed, "/compressed" is added where it is missing.'
                ),
            ),
            DeclareLaunchArgument(
                'image_transport',
                default_value='',
                choices=['', 'raw', 'compressed'],
                description='How the images arrive (empty: as params_file says).',
            ),
            DeclareLaunchArgument(
                'camera_info',
                default_value='',
                description=(
                    "The camera's CameraInfo topic. Where it is given, faces get a bearing "
                    '(empty: as params_file says, on camera_info beside the image).'
                ),
            ),
            DeclareLaunchArgument(
                'depth_image',
                default_value='',
                description=(
                    'The topic of depth images that lie over the images, pixel by pixel. Where it '
                    'is given, faces get a position (empty: as params_file says).'
                ),
            ),
            DeclareLaunchArgument(
                'namespace',
                default_value='',
                description='Namespace of the node, for instance the name of the robot.',
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=PathJoinSubstitution([share, 'config', 'face_affect.yaml']),
                description='YAML file with the parameters of the node.',
            ),
            DeclareLaunchArgument(
                'use_sim_time',
                default_value='',
                choices=['', *BOOLEANS],
                description='Take the time from /clock (empty: as params_file says).',
            ),
            DeclareLaunchArgument(
                'autostart',
                default_value='true',
                choices=BOOLEANS,
                description=(
                    'Configure and activate the node at once. With false a lifecycle manager, or '
                    '`ros2 lifecycle set`, has to do so.'
                ),
            ),
            DeclareLaunchArgument(
                'debug',
                default_value='false',
                choices=BOOLEANS,
                description='Log at debug level and show the debug image in rqt_image_view.',
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([share, 'launch', 'fastdds_profile.launch.py'])
                )
            ),
            OpaqueFunction(function=start_node),
            OpaqueFunction(function=start_viewer),
        ]
    )
