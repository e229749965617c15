# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What the launch files share; for them alone, since it needs launch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import sys
from typing import Any

# The ignored error: mypy takes this project's folder of launch files for the module.
from launch import Action, LaunchContext, LaunchDescription  # type: ignore[attr-defined]
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from face_affect.core.parameters import Declaration
from face_affect.launch_arguments import argument, BOOLEANS, check_command_line, PACKAGE


def path_in_share(*parts: str) -> PathJoinSubstitution:
    """Return the path of an installed file, such as ``'config', 'care_o_bot.yaml'``."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE), *parts])


def value_of(context: LaunchContext, name: str) -> str:
    """Return the text of a launch argument."""
    return str(LaunchConfiguration(name).perform(context))


def is_true(context: LaunchContext, name: str) -> bool:
    """Return whether a launch argument that takes a boolean is set."""
    return value_of(context, name).lower() == 'true'


def include(launch_file: str, **arguments: object) -> IncludeLaunchDescription:
    """Include another launch file of this package."""
    source = PythonLaunchDescriptionSource(path_in_share('launch', launch_file))
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())


def program(executable: str, **options: Any) -> Node:
    """Return the action that starts a program of this package, with its output on the screen."""
    return Node(
        package=PACKAGE, executable=executable, output='screen', emulate_tty=True, **options
    )


def launch_description(
    launch_file: str,
    arguments: Sequence[DeclareLaunchArgument],
    actions: Iterable[Action],
    passed_on: Iterable[str] = (),
) -> LaunchDescription:
    """Return arguments and actions; a command line with other arguments is refused.

    ``passed_on`` names arguments of an included launch file that the command line may give.
    """
    known = [*(each.name for each in arguments), *passed_on]

    def check(context: LaunchContext) -> list[Action]:
        check_command_line(launch_file, known, sys.argv)
        return []

    return LaunchDescription([*arguments, OpaqueFunction(function=check), *actions])


def parameter_arguments(
    declared: Iterable[Declaration], otherwise: str = "the parameter's default"
) -> list[DeclareLaunchArgument]:
    """Return an argument for each parameter; left empty, it does not set the parameter.

    ``otherwise`` says in the description what holds then.
    """
    return [DeclareLaunchArgument(**argument(one, otherwise)) for one in declared]


def namespace_argument() -> DeclareLaunchArgument:
    """Return the argument of the node's namespace."""
    return DeclareLaunchArgument(
        'namespace',
        default_value='',
        description='Namespace of the node, for instance the name of the robot.',
    )


def params_file_argument(file: str = 'face_affect.yaml') -> DeclareLaunchArgument:
    """Return the argument of the node's parameter file; by default ``file`` in config/."""
    return DeclareLaunchArgument(
        'params_file',
        default_value=path_in_share('config', file),
        description='YAML file with the parameters of the node.',
    )


def start_arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments of the node's clock and start."""
    return [
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='',
            choices=['', *BOOLEANS],
            description='Take the time from /clock (empty: as params_file says).',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='',
            choices=['', *BOOLEANS],
            description=(
                'Configure and activate the node at once (empty: as params_file says, else true). '
                'With false a lifecycle manager, or `ros2 lifecycle set`, has to do so.'
            ),
        ),
    ]


def debug_argument() -> DeclareLaunchArgument:
    """Return the argument that turns on debug output."""
    return DeclareLaunchArgument(
        'debug',
        default_value='false',
        choices=BOOLEANS,
        description='Log at debug level and show the debug image in rqt_image_view.',
    )
