# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""ROS 2 programs around the core: node, camera, ROS4HRI bridge, live view, player."""

import os

# OpenCV reads these once, when it is loaded. Its messages on malformed images would bypass the
# node's throttled log; and the header of a small file may state 16000x16000 pixels, which take
# gigabytes and many seconds to decode.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'SILENT')
os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(2**26))
