# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Shared code of the launch files; no other module imports it, since it needs launch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import sys
from typing import Any

# Ignored: mypy resolves launch to this repository's folder of launch files.
from launch import Action, LaunchContext, LaunchDescription  # type: ignore[attr-defined]
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from face_affect.core.parameters import Declaration
from face_affect.launch_arguments import argument, BOOLEANS, check_command_line, PACKAGE


def path_in_share(*parts: str) -> PathJoinSubstitution:
    """Return the path of a file in the share folder, such as ``'config', 'care_o_bot.yaml'``."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE), *parts])


def value_of(context: LaunchContext, name: str) -> str:
    """Return the text of a launch argument."""
    return str(LaunchConfiguration(name).perform(context))


def is_true(context: LaunchContext, name: str) -> bool:
    """Return the value of a boolean launch argument."""
    return value_of(context, name).lower() == 'true'


def include(launch_file: str, **arguments: object) -> IncludeLaunchDescription:
    """Return the action that includes another launch file of this package."""
    source = PythonLaunchDescriptionSource(path_in_share('launch', launch_file))
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())


def program(executable: str, **options: Any) -> Node:
    """Return the action that starts an executable of this package with output to the screen."""
    return Node(
        package=PACKAGE, executable=executable, output='screen', emulate_tty=True, **options
    )


def launch_description(
    launch_file: str,
    arguments: Sequence[DeclareLaunchArgument],
    actions: Iterable[Action],
    passed_on: Iterable[str] = (),
) -> LaunchDescription:
    """Return a launch description that rejects command lines with unknown arguments.

    ``passed_on``: names of further arguments, which belong to an included launch file.
    """
    known = [*(each.name for each in arguments), *passed_on]

    def check(context: LaunchContext) -> list[Action]:
        check_command_line(launch_file, known, sys.argv)
        return []

    return LaunchDescription([*arguments, OpaqueFunction(function=check), *actions])


def parameter_arguments(
    declared: Iterable[Declaration], otherwise: str = "the parameter's default"
) -> list[DeclareLaunchArgument]:
    """Return a launch argument for each parameter; an empty one leaves the parameter unset.

    ``otherwise`` describes the value of an unset parameter.
    """
    return [DeclareLaunchArgument(**argument(one, otherwise)) for one in declared]


def namespace_argument() -> DeclareLaunchArgument:
    """Return the launch argument for the node's namespace."""
    return DeclareLaunchArgument(
        'namespace',
        default_value='',
        description='Namespace of the node, for instance the name of the robot.',
    )


def params_file_argument(file: str = 'face_affect.yaml') -> DeclareLaunchArgument:
    """Return the launch argument for the parameter file; its default is ``file`` in config/."""
    return DeclareLaunchArgument(
        'params_file',
        default_value=path_in_share('config', file),
        description='YAML file with the parameters of the node.',
    )


def start_arguments() -> list[DeclareLaunchArgument]:
    """Return the launch arguments for the node's clock and start."""
    return [
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='',
            choices=['', *BOOLEANS],
            description='Use the time of /clock (empty: the value in params_file).',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='',
            choices=['', *BOOLEANS],
            description=(
                'Configure and activate the node at the start (empty: the value in params_file, '
                'else true). If false, a lifecycle manager or `ros2 lifecycle set` must do so.'
            ),
        ),
    ]


def debug_argument() -> DeclareLaunchArgument:
    """Return the launch argument that enables debug output."""
    return DeclareLaunchArgument(
        'debug',
        default_value='false',
        choices=BOOLEANS,
        description='Log at debug level and show the debug image in rqt_image_view.',
    )
