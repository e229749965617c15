# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Set a Fast DDS profile with a larger shared-memory segment; include it before starting nodes."""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

# Fast DDS reads the first from version 3 on (Kilted, Lyrical, Rolling), the second before. Only
# one is set: a version that reads both loads the file twice and logs an error.
FASTDDS_VARIABLES = ['FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE']
DISTROS_BEFORE_FASTDDS_3 = ['humble', 'iron', 'jazzy']


def set_fastdds_profile(context: LaunchContext) -> list[Action]:
    """
    Set the profile, unless the user has set one.

    The segment belongs to the process that publishes an image, so the camera driver needs the
    profile, too. It has it if it is started after this file in the same launch.
    """
    if any(name in context.environment for name in FASTDDS_VARIABLES):
        return []
    old = context.environment.get('ROS_DISTRO') in DISTROS_BEFORE_FASTDDS_3
    return [
        SetEnvironmentVariable(
            FASTDDS_VARIABLES[1 if old else 0],
            PathJoinSubstitution([FindPackageShare('face_affect'), 'config', 'fastdds_shm.xml']),
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Return the action that sets the profile."""
    return LaunchDescription([OpaqueFunction(function=set_fastdds_profile)])
