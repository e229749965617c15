# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Give images room in shared memory; for other launch files to include before they start nodes."""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

# Where Fast DDS looks for its profiles: in the first from version 3 on (Kilted, Lyrical, Rolling),
# before that in the second. It must be one of them: what reads both loads the file twice and
# complains.
FASTDDS_VARIABLES = ['FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE']
DISTROS_BEFORE_FASTDDS_3 = ['humble', 'iron', 'jazzy']


def set_fastdds_profile(context: LaunchContext) -> list[Action]:
    """
    Set the profile, unless the user has chosen one already.

    The segment that an image passes through belongs to the process that publishes it: a camera
    driver needs the profile as much as the face_affect node does. It gets it where it is started
    after this file in the same launch.
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
    """Describe the setting of the profile."""
    return LaunchDescription([OpaqueFunction(function=set_fastdds_profile)])
