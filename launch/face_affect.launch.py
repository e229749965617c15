# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start the face_affect node on a camera's image topic."""

import os
import sys

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
from launch_ros.utilities.namespace_utils import make_namespace_absolute, prefix_namespace

from face_affect.launch_arguments import (
    argument,
    check_command_line,
    given_parameters,
    node_declarations,
)

NODE_NAME = 'face_affect'
COMPRESSED = '/compressed'
BOOLEANS = ['true', 'false', 'True', 'False']
# Arguments with another default than "as params_file says"
OWN_DEFAULT = ['autostart']
PARAMETERS = [one for one in node_declarations() if one.name not in OWN_DEFAULT]


def is_true(context: LaunchContext, name: str) -> bool:
    """Return whether a launch argument that takes a boolean is set."""
    return LaunchConfiguration(name).perform(context).lower() == 'true'


def absolute_namespace(context: LaunchContext) -> str:
    """Return the node's namespace, below that of PushRosNamespace."""
    pushed = context.launch_configurations.get('ros_namespace')
    namespace = LaunchConfiguration('namespace').perform(context)
    return str(make_namespace_absolute(prefix_namespace(pushed, namespace) or '/')).rstrip('/')


def image_transport(image: str, given: str) -> str:
    """
    Return the transport that the image topic asks for; empty: as params_file says.

    Raises ValueError if the topic is that of compressed images, but ``given`` is raw.
    """
    if not image.endswith(COMPRESSED):
        return given
    if given == 'raw':
        raise ValueError(
            f'image is {image}, the topic of compressed images, but image_transport is raw; '
            'leave image_transport out, or name the raw topic'
        )
    return 'compressed'


def check_arguments(context: LaunchContext) -> list[Action]:
    """Refuse a command line with unknown arguments."""
    declared = generate_launch_description().get_launch_arguments()
    check_command_line(__file__, [each.name for each in declared], sys.argv)
    return []


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node, with the parameters that were given as launch arguments."""
    image = LaunchConfiguration('image').perform(context)
    # What is left empty stays as params_file (or the including launch file) has it.
    parameters = given_parameters(PARAMETERS, context.launch_configurations)
    parameters['autostart'] = is_true(context, 'autostart')
    transport = image_transport(image, LaunchConfiguration('image_transport').perform(context))
    if transport:
        parameters['image_transport'] = transport
    image = image.removesuffix(COMPRESSED)
    camera_info = LaunchConfiguration('camera_info').perform(context)
    depth_image = LaunchConfiguration('depth_image').perform(context)
    if camera_info:
        parameters.setdefault('publish_bearing', True)
    if depth_image:
        parameters.setdefault('publish_position', True)
    if LaunchConfiguration('use_sim_time').perform(context):
        parameters['use_sim_time'] = is_true(context, 'use_sim_time')

    ros_arguments: list[str] = []
    if is_true(context, 'debug'):
        # Only this node's logger: a plain level would let rcl and the middleware flood the screen.
        logger = f'{absolute_namespace(context)}/{NODE_NAME}'.strip('/').replace('/', '.')
        ros_arguments = ['--log-level', f'{logger}:=debug']

    return [
        # A plain Node: it configures and activates itself (autostart), or waits for whoever
        # manages its lifecycle (autostart:=false), and needs no events from launch for either.
        Node(
            package='face_affect',
            executable='face_affect_node',
            name=NODE_NAME,
            namespace=LaunchConfiguration('namespace'),
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
    topic = f'{absolute_namespace(context)}/{NODE_NAME}/debug_image'
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
                    'For image_transport:=compressed, "/compressed" is added where it is missing; '
                    'a topic that ends in it is compressed.'
                ),
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
            *(DeclareLaunchArgument(**argument(one)) for one in PARAMETERS),
            OpaqueFunction(function=check_arguments),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([share, 'launch', 'fastdds_profile.launch.py'])
                )
            ),
            OpaqueFunction(function=start_node),
            OpaqueFunction(function=start_viewer),
        ]
    )
