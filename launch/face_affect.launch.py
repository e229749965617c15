# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start the face_affect node on a camera's image topic."""

import os
from pathlib import Path

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.utilities.namespace_utils import make_namespace_absolute, prefix_namespace

from face_affect.launch_arguments import base_topic, COMPRESSED, declarations_of, given_parameters
from face_affect.launch_files import (
    debug_argument,
    include,
    is_true,
    launch_description,
    namespace_argument,
    parameter_arguments,
    params_file_argument,
    path_in_share,
    program,
    start_arguments,
    value_of,
)

NODE_NAME = 'face_affect'
PARAMETERS = declarations_of('NodeParameters')


def absolute_namespace(context: LaunchContext) -> str:
    """Return the node's absolute namespace, including that of PushRosNamespace."""
    pushed = context.launch_configurations.get('ros_namespace')
    namespace = value_of(context, 'namespace')
    return str(make_namespace_absolute(prefix_namespace(pushed, namespace) or '/')).rstrip('/')


def defaults(context: LaunchContext) -> list[str]:
    """
    Return the ROS arguments of lowest precedence, which SetParameter overrides.

    These are autostart, and params_file if it is a file of this package.
    """
    arguments = ['-p', 'autostart:=true']
    file = Path(value_of(context, 'params_file'))
    if file.parent == Path(path_in_share('config').perform(context)):
        arguments += ['--params-file', str(file)]
    return arguments


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node with the parameters given as launch arguments."""
    # An empty argument keeps the value of params_file or of the including launch file.
    parameters = given_parameters(PARAMETERS, context.launch_configurations)
    image, transport = base_topic(value_of(context, 'image'), value_of(context, 'image_transport'))
    if transport:
        parameters['image_transport'] = transport
    camera_info, depth_image = value_of(context, 'camera_info'), value_of(context, 'depth_image')
    if camera_info:
        parameters.setdefault('publish_bearing', True)
    if depth_image:
        parameters.setdefault('publish_position', True)
    if value_of(context, 'use_sim_time'):
        parameters['use_sim_time'] = is_true(context, 'use_sim_time')

    ros_arguments = defaults(context)
    own_file = [] if '--params-file' in ros_arguments else [LaunchConfiguration('params_file')]
    if is_true(context, 'debug'):
        # This node's logger only: a global level includes the debug output of rcl and middleware.
        logger = f'{absolute_namespace(context)}/{NODE_NAME}'.strip('/').replace('/', '.')
        ros_arguments += ['--log-level', f'{logger}:=debug']

    return [
        # Not a LifecycleNode: it activates itself (autostart) or waits for a lifecycle manager,
        # and needs no events of launch.
        program(
            'face_affect_node',
            name=NODE_NAME,
            namespace=LaunchConfiguration('namespace'),
            parameters=[*own_file, *([parameters] if parameters else [])],
            # Remapping image does not remap image/compressed.
            remappings=[
                ('image', image),
                ('image/compressed', f'{image}{COMPRESSED}'),
                # By convention, CameraInfo is in the same namespace as the image.
                ('camera_info', camera_info or f'{image.rpartition("/")[0]}/camera_info'),
                ('depth_image', depth_image or 'depth_image'),
            ],
            ros_arguments=ros_arguments,
        ),
    ]


def start_viewer(context: LaunchContext) -> list[Action]:
    """Start a viewer of the debug image if `debug` is true, or log why it cannot start."""
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
                    'set). On a desktop machine: ros2 run rqt_image_view rqt_image_view ' + topic
                )
            )
        ]
    return [Node(package='rqt_image_view', executable='rqt_image_view', arguments=[topic])]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments, the middleware's profile, the node and the viewer."""
    arguments = [
        DeclareLaunchArgument(
            'image',
            default_value='/camera/image_raw',
            description=(
                "The camera's image topic; a relative topic is resolved in the namespace. "
                'A topic that ends in "/compressed" selects image_transport:=compressed, which '
                'otherwise appends "/compressed".'
            ),
        ),
        DeclareLaunchArgument(
            'camera_info',
            default_value='',
            description=(
                "The camera's CameraInfo topic; sets publish_bearing (empty: camera_info in the "
                "image topic's namespace, publish_bearing as in params_file)."
            ),
        ),
        DeclareLaunchArgument(
            'depth_image',
            default_value='',
            description=(
                'Topic of depth images that are registered to the images; sets publish_position '
                '(empty: depth_image, publish_position as in params_file).'
            ),
        ),
        namespace_argument(),
        params_file_argument(),
        *start_arguments(),
        debug_argument(),
        *parameter_arguments(
            [one for one in PARAMETERS if one.name != 'autostart'], 'the value in params_file'
        ),
    ]
    actions = [
        include('fastdds_profile.launch.py'),
        OpaqueFunction(function=start_node),
        OpaqueFunction(function=start_viewer),
    ]
    return launch_description(__file__, arguments, actions)
