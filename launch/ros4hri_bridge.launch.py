# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Start the ROS4HRI bridge (REP-155) for a running face_affect node."""

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from face_affect.launch_arguments import base_topic, COMPRESSED, declarations_of, given_parameters
from face_affect.launch_files import launch_description, parameter_arguments, program, value_of

PARAMETERS = declarations_of('BridgeParameters')


def start_bridge(context: LaunchContext) -> list[Action]:
    """Start the bridge with the parameters given as launch arguments."""
    parameters = given_parameters(PARAMETERS, context.launch_configurations)
    image, transport = base_topic(value_of(context, 'image'), value_of(context, 'image_transport'))
    if transport:
        parameters['image_transport'] = transport
    return [
        program(
            'ros4hri_bridge',
            name='ros4hri_bridge',
            namespace=LaunchConfiguration('namespace'),
            parameters=[parameters] if parameters else [],
            remappings=[
                ('faces', LaunchConfiguration('faces')),
                ('image', image),
                ('image/compressed', f'{image}{COMPRESSED}'),
            ],
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and the bridge."""
    arguments = [
        DeclareLaunchArgument(
            'faces',
            default_value='face_affect/faces',
            description="The node's results; a relative topic is resolved in the namespace.",
        ),
        DeclareLaunchArgument(
            'image',
            default_value='/camera/image_raw',
            description=(
                "The node's image topic, for the cropped faces; a topic that ends in "
                '"/compressed" selects image_transport:=compressed.'
            ),
        ),
        DeclareLaunchArgument(
            'namespace',
            default_value='',
            description='Namespace of the bridge; use that of the node.',
        ),
        *parameter_arguments(PARAMETERS),
    ]
    return launch_description(__file__, arguments, [OpaqueFunction(function=start_bridge)])
