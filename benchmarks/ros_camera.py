# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Publish one image repeatedly for measurements, stamped with the time of sending.

    python -m benchmarks.ros_camera PICTURE.npy --transport raw --rate 30 --seconds 10

Prints the number of published images.
"""

from __future__ import annotations

import struct
import sys
import time

import numpy as np
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from benchmarks.stages import jpeg_message, raw_message
from support.command_line import module_parser

PATIENCE = 20.0  # seconds to wait for a subscriber
LINGER = 0.3  # seconds: pending samples are lost when their writer is destroyed


def main() -> int:
    """Run the command line; return the exit code, 1 without a subscriber."""
    parser = module_parser('benchmarks.ros_camera', __doc__)
    parser.add_argument('picture', help='a .npy file, u8 [H, W, 3] BGR')
    parser.add_argument(
        '--transport',
        choices=('raw', 'compressed'),
        default='raw',
        help='transport of the images (default: %(default)s)',
    )
    parser.add_argument(
        '--rate', type=float, default=30.0, help='images per second (default: %(default)s)'
    )
    parser.add_argument(
        '--seconds', type=float, default=10.0, help='duration in seconds (default: %(default)s)'
    )
    arguments = parser.parse_args()
    image = np.load(arguments.picture)
    compressed = arguments.transport == 'compressed'
    data = bytearray(jpeg_message(image) if compressed else raw_message(image))
    rclpy.init()
    node = rclpy.create_node('camera')
    publisher = node.create_publisher(
        CompressedImage if compressed else Image,
        '/image/compressed' if compressed else '/image',
        qos_profile_sensor_data,
    )
    start = time.monotonic()
    while not publisher.get_subscription_count():
        if time.monotonic() - start > PATIENCE:
            print(
                f'error: no subscriber to {publisher.topic_name} within {PATIENCE:.0f} s; start '
                'the node in the same ROS_DOMAIN_ID',
                file=sys.stderr,
            )
            return 1
        time.sleep(0.05)
    start = time.monotonic()
    count = round(arguments.rate * arguments.seconds)
    for frame in range(count):
        time.sleep(max(0.0, start + frame / arguments.rate - time.monotonic()))
        # The stamp is the first field, after the encapsulation header.
        struct.pack_into('<iI', data, 4, *divmod(time.time_ns(), 1_000_000_000))
        publisher.publish(bytes(data))
    time.sleep(LINGER)
    print(count)
    node.destroy_node()
    rclpy.shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
