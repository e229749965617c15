# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Image processing without ROS; depends on numpy, OpenCV and LiteRT only."""
