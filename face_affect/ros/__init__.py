"""The thin shell that puts the core on ROS 2."""

import os

# OpenCV's own complaints about broken pictures would get round the node's throttled log.
os.environ.setdefault('OPENCV_LOG_LEVEL', 'SILENT')
