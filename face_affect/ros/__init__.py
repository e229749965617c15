"""The thin shell that puts the core on ROS 2."""
