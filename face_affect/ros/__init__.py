# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The thin shell that puts the core on ROS 2."""

import os

# OpenCV reads these once, as it is loaded. Its own complaints about broken pictures would get
# round the node's throttled log; and a small file may announce a picture of 16000x16000 pixels,
# which takes gigabytes and many seconds to decode.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'SILENT')
os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(2**26))
