# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The ROS-free library: numpy, OpenCV and LiteRT only."""
