# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read and write recordings: rosbag2, ROS 1 bags and their message types."""
