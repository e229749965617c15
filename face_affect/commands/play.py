# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect play: publication of recordings and images in ROS."""

from __future__ import annotations

import argparse
from typing import Any


def add_play(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'play',
        help='publish a rosbag2, video, image folder or camera in ROS',
        description='Publishes the unmodified messages of a rosbag2 (sqlite3 or mcap) at their '
        'recorded times. An image folder, video or camera is published as JPEG '
        'sensor_msgs/CompressedImage. Needs rclpy.',
    )
    parser.add_argument(
        'input',
        metavar='BAG',
        help='a rosbag2 folder or .mcap file; or a video, a folder of images, a stream address or '
        'a camera number',
    )
    parser.add_argument(
        '--rate',
        type=float,
        default=1.0,
        help='playback speed as a multiple of the recorded one (default: %(default)s)',
    )
    parser.add_argument('--loop', action='store_true', help='repeat until Ctrl-C')
    parser.add_argument(
        '--clock',
        action='store_true',
        help="publish the recording's time on /clock, for use_sim_time",
    )
    parser.add_argument(
        '--remap',
        action='append',
        default=[],
        metavar='FROM:=TO',
        help='publish topic FROM as TO; can be repeated',
    )
    parser.add_argument(
        '--topics', nargs='+', metavar='TOPIC', help='publish only these topics of the bag'
    )
    parser.add_argument(
        '--wait-for-subscriber',
        type=float,
        default=0.0,
        metavar='SECONDS',
        help='maximum time to wait for a subscriber to an image topic',
    )
    parser.add_argument(
        '--image',
        metavar='TOPIC',
        help='the image topic of --wait-for-subscriber; it is an error if the recording does not '
        'have it, or no subscriber appears in time',
    )
    parser.set_defaults(call=play)


def play(arguments: argparse.Namespace) -> int:
    """Run ``face-affect play``; return the exit code."""
    # Imported here, since the import of the ROS layer sets OpenCV's limits.
    from face_affect.ros.programs import start

    return start('face-affect play', 'face_affect.ros.player', arguments)
