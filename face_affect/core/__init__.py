"""The ROS-free library: numpy, OpenCV and LiteRT only."""
